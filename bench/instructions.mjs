// Instructions of the server's process per request, by callgrind: what a change in the code did to the cost of
// a request, on however busy a machine. One connection, one request at a time.
// Usage: npm run build && node bench/instructions.mjs [--apps http,express] [--variants floor,ours] [--json]
import { parseArgs } from 'node:util'
import { ASKED } from './apps/routes.cjs'
import { instructionsPerRequest } from './measure/instructions.mjs'
import { startSink } from './measure/server.mjs'
import { variants } from './variants.mjs'

const { values } = parseArgs({
  options: {
    apps: {
      type: 'string',
      default: 'http,https,http2,express,fastify,koa,hapi,restify,polka,connect,feathers,hono',
    },
    variants: { type: 'string', default: 'floor,ours without journal' },
    json: { type: 'boolean', default: false },
  },
})

const sink = await startSink()
for (const app of values.apps.split(',')) {
  let bare
  for (const variant of new Set(['bare', ...values.variants.split(',')])) {
    const instructions = await instructionsPerRequest(app, await variants[variant](sink, app), ASKED)
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
