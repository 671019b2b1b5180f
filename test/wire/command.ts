// Compares events with what crossed the wire: npm run test:wire
// WIRE_EXCHANGES (100000), WIRE_SECONDS (no limit) and WIRE_SEED (the clock) say how many, how long and which.
import type { Counts } from './round.ts'
import { compareWithWire } from './truth.ts'

const { WIRE_EXCHANGES, WIRE_SECONDS, WIRE_SEED } = process.env
const seed = WIRE_SEED === undefined ? Date.now() % 2 ** 31 : Number(WIRE_SEED)
console.log(`wire truth: seed ${seed}`)
const { compared, outcomes, ways, mismatches, seconds } = await compareWithWire(
  seed,
  Number(WIRE_EXCHANGES ?? 100_000),
  Number(WIRE_SECONDS ?? Number.POSITIVE_INFINITY),
)
const list = (counts: Counts): string =>
  Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ')
for (const mismatch of mismatches) console.error(mismatch)
console.log(
  `wire truth: ${compared} exchanges (${list(ways)}; ${list(outcomes)}) compared in ${seconds.toFixed(0)} s, ${mismatches.length} mismatches, seed ${seed}`,
)
if (mismatches.length > 0) process.exitCode = 1
