// What each stage of an event's way costs, alone: nanoseconds and instructions per operation, less those of the
// same loop without it. Instructions are counted by callgrind where the machine has valgrind; other work on the
// machine does not change them.
// Usage: node bench/micro.mjs [--rounds 60] [--only substring] [--json]   (a Node that runs TypeScript: 22.18 or later)
import { parseArgs } from 'node:util'
import { canCount } from './measure/callgrind.mjs'
import { instructionsOfStages, WARM_UP_CALLS } from './measure/stages.mjs'
import { median, quantile } from './measure/statistics.mjs'
import { repeat, stages } from './micro/stages.mjs'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '60' },
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  },
})
/** Long enough that the clock's microsecond is nothing, short enough that a slow spell spoils few rounds. */
const CALLS_PER_ROUND = 2_000

const names = Object.keys(stages).filter((name) => name.includes(values.only))

function nanoseconds(name) {
  const stage = stages[name]()
  const timed = (operation) => {
    if (operation === undefined) return 0
    const begun = process.cpuUsage()
    repeat(operation, CALLS_PER_ROUND)
    const { user, system } = process.cpuUsage(begun)
    return ((user + system) * 1000) / CALLS_PER_ROUND
  }
  for (let calls = 0; calls < WARM_UP_CALLS; calls += CALLS_PER_ROUND) {
    timed(stage.bare)
    timed(stage.ours)
  }
  const rounds = Array.from({ length: Number(values.rounds) }, () => timed(stage.ours) - timed(stage.bare))
  return { median: median(rounds), low: quantile(rounds, 0.25), high: quantile(rounds, 0.75) }
}

const counted = canCount() ? await instructionsOfStages(names, median) : {}
const rows = names.map((stage) => ({ stage, ...nanoseconds(stage), instructions: counted[stage] }))
if (values.json) console.log(JSON.stringify({ node: process.version, rows }))
else {
  console.table(
    rows.map(({ stage, median, low, high, instructions }) => ({
      stage,
      ns: Math.round(median),
      quartiles: `${Math.round(low)}…${Math.round(high)}`,
      instructions: instructions === undefined ? 'no valgrind' : Math.round(instructions),
    })),
  )
}
