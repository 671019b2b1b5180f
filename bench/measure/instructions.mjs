import { CountedProgram } from './callgrind.mjs'
import { Load } from './load.mjs'
import { appFile, environmentOf } from './server.mjs'
import { median } from './statistics.mjs'

/** Until the optimising compiler is done. */
const WARM_UP_REQUESTS = 4_000
/** A multiple of the events of a batch, so that each round sends as many batches. */
const COUNTED_REQUESTS = 200
const COUNTED_ROUNDS = 7

/** Instructions of an application's process per request under a variant. One connection, one request at a time. */
export async function instructionsPerRequest(app, { execArgv, env }, path) {
  const program = await CountedProgram.start(appFile(app), {
    execArgv,
    env: { ...environmentOf(app), ...env },
  })
  const load = new Load(program.hello, path, 1)
  await load.run(WARM_UP_REQUESTS)
  await program.begin()
  const rounds = []
  for (let round = 0; round < COUNTED_ROUNDS; round++) {
    rounds.push((await program.count(() => load.run(COUNTED_REQUESTS))) / COUNTED_REQUESTS)
  }
  load.close()
  await program.stop()
  return Math.round(median(rounds))
}
