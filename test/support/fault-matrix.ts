import type { Reporter, TestModule } from 'vitest/node'

const GROUPS: ReadonlyArray<readonly [letter: string, cases: number]> = [
  ['S', 6],
  ['N', 10],
  ['P', 13],
  ['D', 8],
  ['C', 3],
]

/** The cases of the fault matrix: server, network, process, disk, configuration. A test names its case first. */
export const faultCases: readonly string[] = GROUPS.flatMap(([letter, cases]) =>
  Array.from({ length: cases }, (_, n) => `${letter}${n + 1}`),
)

/** The case that a test or a group of tests is named after. */
export function caseOf(name: string): string | undefined {
  const [, id] = /(?:^|> )([SNPDC]\d{1,2})\b/.exec(name) ?? []
  return id
}

/** Counts cases instead of tests: a case has passed when none of its tests failed and one was run. */
export default class FaultMatrix implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const states = new Map<string, Set<string>>(faultCases.map((id) => [id, new Set()]))
    for (const module of modules) {
      for (const run of module.children.allTests()) {
        const id = caseOf(run.fullName)
        if (id !== undefined) states.get(id)?.add(run.result().state)
      }
    }
    const failed = faultCases.filter((id) => states.get(id)!.has('failed'))
    const passed = faultCases.filter((id) => states.get(id)!.has('passed') && !failed.includes(id))
    const open = faultCases.filter((id) => !failed.includes(id) && !passed.includes(id))
    if (failed.length > 0) console.log(`failed: ${failed.join(', ')}`)
    if (open.length > 0) console.log(`skipped, for the reasons printed above: ${open.join(', ')}`)
    console.log(`fault matrix: ${passed.length} passed, ${open.length} skipped of ${faultCases.length}`)
  }
}
