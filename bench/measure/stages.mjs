import { fileURLToPath } from 'node:url'
import { CountedProgram } from './callgrind.mjs'

/** Until the optimising compiler is done. */
export const WARM_UP_CALLS = 40_000
const COUNTED_CALLS = 4_000
const COUNTED_ROUNDS = 7
const PROGRAM = fileURLToPath(new URL('../micro/program.mjs', import.meta.url))

/**
 * Instructions of each stage per operation, less those of the same loop without it.
 *
 * @param summary What becomes of the rounds' counts: the median leaves out those in which the collector or the
 *   compiler had its turn, the minimum all of that.
 */
export async function instructionsOfStages(names, summary) {
  const program = await CountedProgram.start(PROGRAM)
  for (const stage of names)
    for (const side of ['bare', 'ours']) await program.ask({ stage, side, times: WARM_UP_CALLS })
  await program.begin()
  const counted = {}
  for (const stage of names) {
    const perCall = async (side) => {
      const rounds = []
      for (let round = 0; round < COUNTED_ROUNDS; round++) {
        const instructions = await program.count(() => program.ask({ stage, side, times: COUNTED_CALLS }))
        rounds.push(instructions / COUNTED_CALLS)
      }
      return summary(rounds)
    }
    counted[stage] = (await perCall('ours')) - (await perCall('bare'))
  }
  await program.stop()
  return counted
}
