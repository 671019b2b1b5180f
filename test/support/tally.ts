import type { Reporter, TestModule } from 'vitest/node'

/** Ends a run with the tests passed of all tests, by the groups that they stand in. */
export default class Tally implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const groups = new Map<string, { passed: number; tests: number }>()
    for (const module of modules) {
      for (const run of module.children.allTests()) {
        const [group] = run.fullName.split(' > ') as [string]
        const { state } = run.result()
        // Not asked for on the command line.
        if (state === 'skipped') continue
        const counts = groups.get(group) ?? { passed: 0, tests: 0 }
        groups.set(group, counts)
        counts.tests++
        if (state === 'passed') counts.passed++
      }
    }
    const width = Math.max(0, ...[...groups.keys()].map(({ length }) => length))
    for (const [group, { passed, tests }] of groups)
      console.log(`${group.padEnd(width)}  ${passed} of ${tests}`)
    const sum = (of: 'passed' | 'tests'): number =>
      [...groups.values()].reduce((total, counts) => total + counts[of], 0)
    console.log(`${'all'.padEnd(width)}  ${sum('passed')} of ${sum('tests')}`)
  }
}
