import type { Reporter, TestModule } from 'vitest/node'

/** One application's cases under the contract. */
export interface Application {
  readonly framework: string
  /** Of the framework; `programs` for those beside the common application. */
  readonly release: string
  readonly system: 'CommonJS' | 'ES modules'
}

/** What a case of the contract ran in; undefined for every other test. Names are those that test/contract.ts gives. */
export function applicationOf(test: string): Application | undefined {
  const common = /^([\w-]+) (\S+), app\.(cjs|mjs) > exact > /.exec(test)
  const program = /^fixtures\/([\w-]+)\/\S*?(\.mjs)?(?: \S+)* > exact > /.exec(test)
  const system = (kind: string) => (kind === 'cjs' ? 'CommonJS' : 'ES modules')
  if (common !== null) return { framework: common[1]!, release: common[2]!, system: system(common[3]!) }
  return program === null
    ? undefined
    : {
        framework: program[1]!,
        release: 'programs',
        system: system(program[2] === undefined ? 'cjs' : 'mjs'),
      }
}

interface Count {
  exact: number
  cases: number
}

type Row = Partial<Record<Application['system'], Count>>

/** Ends a run with the cases that are exact of all cases, by framework, release and module system. */
export default class Exactness implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const rows = new Map<string, Row>()
    for (const module of modules) {
      for (const run of module.children.allTests()) {
        const application = applicationOf(run.fullName)
        // Releases that do not start on this Node are skipped as a whole.
        const { state } = run.result()
        if (application === undefined || state === 'skipped') continue
        const { framework, release, system } = application
        const key = `${framework} ${release}`
        const row = rows.get(key) ?? {}
        rows.set(key, row)
        const count = (row[system] ??= { exact: 0, cases: 0 })
        count.cases++
        if (state === 'passed') count.exact++
      }
    }
    if (rows.size > 0) console.log(tableOf(rows))
  }
}

function tableOf(rows: ReadonlyMap<string, Row>): string {
  const lines = [...rows]
    .toSorted(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
    .map(([name, row]) => [name, said(row.CommonJS), said(row['ES modules'])])
  const counts = [...rows.values()].flatMap((row) => Object.values(row))
  const total = said({
    exact: counts.reduce((sum, { exact }) => sum + exact, 0),
    cases: counts.reduce((sum, { cases }) => sum + cases, 0),
  })
  const table = [['', 'CommonJS', 'ES modules'], ...lines]
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((line) => line[column]!.length)))
  const text = table.map(([name, ...cells]) =>
    [name!.padEnd(widths[0]!), ...cells.map((cell, index) => cell.padStart(widths[index + 1]!))].join('  '),
  )
  return ['exact cases of cases', ...text, `all: ${total}`].join('\n')
}

function said(count: Count | undefined): string {
  return count === undefined ? '–' : `${count.exact} of ${count.cases}`
}
