// What the normaliser costs: nanoseconds for each of the contract's paths, and for a mix as an API sees it.
// Usage: node bench/normalize.mjs [--rounds 40] [--json]   (a Node that runs TypeScript: 22.18 or later)
import { parseArgs } from 'node:util'
import { normalizePath } from '../src/capture/normalize.ts'
import { pathnameOf } from '../src/capture/paths.ts'
import { CONTRACT } from '../test/capture/normalize-contract.ts'
import { mix } from './paths.mjs'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '40' }, json: { type: 'boolean', default: false } },
})
/** Long enough that the clock's own 40 ns are nothing, short enough that a slow spell spoils few rounds. */
const CALLS_PER_ROUND = 5_000

/** What the loop saw; printed nowhere, but the optimiser cannot know. */
let sink = 0

function nanoseconds(paths) {
  const rounds = []
  for (let round = 0; round < Number(values.rounds); round++) {
    const begun = process.hrtime.bigint()
    for (let call = 0; call < CALLS_PER_ROUND; call++) {
      sink += normalizePath(pathnameOf(paths[call % paths.length])).length
    }
    rounds.push(Number(process.hrtime.bigint() - begun) / CALLS_PER_ROUND)
  }
  const sorted = rounds.toSorted((a, b) => a - b)
  return { min: Math.round(sorted[0]), median: Math.round(sorted[Math.floor(sorted.length / 2)]) }
}

// All shapes once, so that the first row is not optimised for itself alone.
nanoseconds([...CONTRACT.map(([path]) => path), ...mix])
const rows = CONTRACT.map(([path, endpoint]) => ({
  path,
  endpoint,
  right: normalizePath(pathnameOf(path)) === endpoint,
  ...nanoseconds([path]),
}))
const all = nanoseconds(CONTRACT.map(([path]) => path))
const realistic = nanoseconds(mix)
const right = rows.filter((row) => row.right).length

if (values.json) {
  console.log(
    JSON.stringify({
      node: process.version,
      rows,
      right,
      contract: all,
      mix: { paths: mix.length, ...realistic },
    }),
  )
} else {
  console.table(
    rows.map(({ path, endpoint, min, median }) => ({
      path: path.slice(0, 48),
      endpoint,
      'ns min': min,
      'ns median': median,
    })),
  )
  console.log(`${right} of ${rows.length} rows right, Node ${process.version}`)
  console.log(`the ${rows.length} rows in turn: ${all.median} ns per path (min ${all.min})`)
  console.log(`the mix of ${mix.length} paths: ${realistic.median} ns per path (min ${realistic.min})`)
}
if (right !== rows.length || sink === 0) process.exitCode = 1
