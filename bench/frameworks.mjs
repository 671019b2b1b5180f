// What capture adds to the CPU of a request, for each framework: nanoseconds of the server's process, all threads,
// between short slices of load that servers with and without it take in turn.
// Usage: npm run build && node bench/frameworks.mjs [--apps express,koa] [--variants ours,floor] [--rotations 40] [--json]
// Linux only. Variants of others need `node bench/peers/install.mjs` first.
import { parseArgs } from 'node:util'
import { ASKED } from './apps/routes.cjs'
import { startServer, startSink } from './measure/server.mjs'
import { added, costs } from './measure/slices.mjs'
import { BARE, OWN, variants } from './variants.mjs'

const { values } = parseArgs({
  options: {
    apps: { type: 'string', default: 'http,express,fastify,koa,hapi,restify,polka,connect,feathers,hono' },
    variants: { type: 'string', default: OWN.join(',') },
    rotations: { type: 'string', default: '40' },
    json: { type: 'boolean', default: false },
  },
})
const wanted = [...new Set([...BARE, ...values.variants.split(',')])]

const sink = await startSink()
const rows = []
for (const app of values.apps.split(',')) {
  const servers = {}
  for (const name of wanted) servers[name] = await startServer(app, variants[name](sink.url))
  const perRequest = await costs(servers, ASKED, Number(values.rotations))
  for (const row of added(perRequest, BARE)) rows.push({ app, ...row })
  for (const server of Object.values(servers)) await server.stop()
}
await sink.stop()

if (values.json) console.log(JSON.stringify({ node: process.version, rows }))
else {
  console.table(
    rows.map(({ app, variant, base, added, low, high, ratio }) => ({
      app,
      variant,
      'bare ns': base,
      'added ns': added,
      quartiles: `${low}…${high}`,
      ratio: Number(ratio.toFixed(3)),
    })),
  )
}
