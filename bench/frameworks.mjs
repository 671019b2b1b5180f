// What capture adds to the CPU of a request, for each framework: nanoseconds of the server's process, all threads,
// between short slices of load that servers with and without it take in turn.
// Usage: npm run build && node bench/frameworks.mjs [--apps express,koa] [--variants ours,floor] [--rotations 40] [--json]
// Linux only. Variants of others need `node bench/peers/install.mjs` first.
import { parseArgs } from 'node:util'
import { ASKED } from './apps/routes.cjs'
import { startServer, startSink } from './measure/server.mjs'
import { added, costs } from './measure/slices.mjs'
import { BARE, fits, OWN, variants } from './variants.mjs'

const { values } = parseArgs({
  options: {
    apps: {
      type: 'string',
      default: 'http,express,fastify,koa,hapi,restify,polka,connect,feathers,hono,adonis,loopback,sails',
    },
    variants: { type: 'string', default: OWN.join(',') },
    rotations: { type: 'string', default: '40' },
    json: { type: 'boolean', default: false },
  },
})
const wanted = [...new Set([...BARE, ...values.variants.split(',')])]

const sink = await startSink()
for (const app of values.apps.split(',')) {
  const servers = {}
  for (const name of wanted.filter((name) => fits(app, name)))
    servers[name] = await startServer(app, variants[name](sink.url))
  const perRequest = await costs(servers, ASKED, Number(values.rotations))
  for (const server of Object.values(servers)) await server.stop()
  show(app, added(perRequest, BARE))
}
await sink.stop()

/** As soon as it is measured: a whole run takes its time. */
function show(app, rows) {
  if (values.json) return console.log(JSON.stringify({ node: process.version, app, rows }))
  const line = ({ added, low, high, ratio }) => ({
    'added ns': added,
    quartiles: `${low}…${high}`,
    ratio: Number(ratio.toFixed(3)),
  })
  console.log(`${app}: ${rows[0].base} ns per request bare, Node ${process.version}`)
  return console.table(Object.fromEntries(rows.map((row) => [row.variant, line(row)])))
}
