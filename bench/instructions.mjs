// Instructions of the server's process per request, by callgrind: what a change in the code did to the cost of
// a request, on however busy a machine. One connection, one request at a time.
// Usage: npm run build && node bench/instructions.mjs [--apps http,express] [--variants floor,ours] [--json]
import { parseArgs } from 'node:util'
import { ASKED } from './apps/routes.cjs'
import { CountedProgram } from './measure/callgrind.mjs'
import { Load } from './measure/load.mjs'
import { appFile, environment, startSink } from './measure/server.mjs'
import { median } from './measure/statistics.mjs'
import { variants } from './variants.mjs'

const { values } = parseArgs({
  options: {
    apps: { type: 'string', default: 'http,express,fastify,koa,hapi,restify,polka,connect,feathers,hono' },
    variants: { type: 'string', default: 'floor,ours without journal' },
    json: { type: 'boolean', default: false },
  },
})
/** Until the optimising compiler is done. */
const WARM_UP_REQUESTS = 4_000
/** A multiple of the events of a batch, so that each round sends as many batches. */
const COUNTED_REQUESTS = 200
const COUNTED_ROUNDS = 7

const sink = await startSink()
for (const app of values.apps.split(',')) {
  let bare
  for (const variant of new Set(['bare', ...values.variants.split(',')])) {
    const instructions = await perRequest(app, variants[variant](sink.url))
    bare ??= instructions
    const row = { app, variant, instructions, added: instructions - bare, ratio: instructions / bare }
    console.log(values.json ? JSON.stringify({ node: process.version, ...row }) : lineOf(row))
  }
}
await sink.stop()

function lineOf({ app, variant, instructions, added, ratio }) {
  const cells = [
    app.padEnd(10),
    variant.padEnd(22),
    String(instructions).padStart(9),
    `+${added}`.padStart(9),
  ]
  return [...cells, `×${ratio.toFixed(3)}`].join('  ')
}

async function perRequest(app, { execArgv, env }) {
  const program = await CountedProgram.start(appFile(app), { execArgv, env: { ...environment, ...env } })
  const load = new Load(program.hello.port, ASKED, 1)
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
