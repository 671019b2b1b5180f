// What capture adds to a request: CPU of the server's process, all threads, between short slices of load that servers
// with and without it take in turn; requests per second; latency at a fixed rate; memory; allocations.
// Usage: npm run build && node bench/overhead.mjs [--apps express,koa] [--variants ours,floor | all] [--rotations 40]
//        [--warm-up 20000] [--rate 1000] [--json]
// Linux only. Variants of others need `node bench/peers/install.mjs` first.
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { installFixture } from '../fixtures/install.mjs'
import { ASKED } from './apps/routes.cjs'
import { Lineup } from './measure/lineup.mjs'
import { startServer, startSink } from './measure/server.mjs'
import { median, quantile, ratioOf } from './measure/statistics.mjs'
import { BARE, fits, OWN, variants, variantsNamed } from './variants.mjs'

const APPS = 'http,https,http2,express,fastify,koa,hono,next'
const MORE_APPS = 'hapi,restify,polka,connect,feathers,adonis,loopback,sails'
const { values } = parseArgs({
  options: {
    apps: { type: 'string', default: `${APPS},${MORE_APPS}` },
    variants: { type: 'string', default: OWN.join(',') },
    rotations: { type: 'string', default: '40' },
    'warm-up': { type: 'string', default: '20000' },
    rate: { type: 'string', default: '1000' },
    json: { type: 'boolean', default: false },
  },
})
const LATENCY_TURNS = 5
const SECONDS_PER_TURN = 0.5
/** Of what the bare application can do: above that all latency is queueing. */
const LARGEST_SHARE = 0.5
/** Enough that the young generation is collected some times over. */
const ALLOCATING_REQUESTS = 4_000
/** Built, and so left out by `node fixtures/install.mjs`. */
const BUILT = { next: '../fixtures/next/16.4' }

const sink = await startSink()
for (const app of values.apps.split(',')) {
  if (BUILT[app] !== undefined) await installFixture(fileURLToPath(new URL(BUILT[app], import.meta.url)))
  show(app, await measured(app))
}
await sink.stop()

async function measured(app) {
  const servers = {}
  for (const name of variantsNamed(values.variants).filter((variant) => fits(app, variant)))
    servers[name] = await startServer(app, await variants[name](sink, app))
  const lineup = new Lineup(servers, () => ASKED)
  await lineup.warmUp(Number(values['warm-up']))
  for (let rotation = 0; rotation <= Number(values.rotations); rotation++) await lineup.rotate()
  const resident = lineup.resident()
  const rounds = lineup.rounds()
  const capacity = median(rounds[BARE[0]].map(({ requestsPerSecond }) => requestsPerSecond))
  const rate = Math.round(Math.min(Number(values.rate), capacity * LARGEST_SHARE))
  const latencies = await lineup.latencies(LATENCY_TURNS, Math.ceil(rate * SECONDS_PER_TURN), rate)
  const allocated = await lineup.allocations(ALLOCATING_REQUESTS)
  await lineup.stop()

  const [cost, again] = BARE.map((bare) => rounds[bare].map(({ nanoseconds }) => nanoseconds))
  const baseline = cost.map((nanoseconds, rotation) => (nanoseconds + again[rotation]) / 2)
  const base = median(baseline)
  const over = (of) => Math.round((of - 1) * base)
  return Object.keys(servers).map((variant) => {
    const { ratio, quartiles, interval } = ratioOf(
      rounds[variant].map(({ nanoseconds }) => nanoseconds),
      baseline,
    )
    return {
      variant,
      nanoseconds: Math.round(base * ratio),
      added: over(ratio),
      quartiles: quartiles.map(over),
      interval: interval.map(over),
      ratio,
      requestsPerSecond: Math.round(median(rounds[variant].map((round) => round.requestsPerSecond))),
      rate,
      p50Ms: quantile(latencies[variant], 0.5),
      p99Ms: quantile(latencies[variant], 0.99),
      residentMegabytes: resident[variant],
      allocatedBytes: Math.round(allocated[variant]),
    }
  })
}

/** As soon as it is measured: a whole run takes its time. */
function show(app, rows) {
  if (values.json) return console.log(JSON.stringify({ node: process.version, app, rows }))
  const micro = (nanoseconds) => (nanoseconds / 1000).toFixed(1)
  const line = (row) => ({
    'added µs': micro(row.added),
    quartiles: row.quartiles.map(micro).join('…'),
    'median within': row.interval.map(micro).join('…'),
    ratio: row.ratio.toFixed(2),
    'req/s': row.requestsPerSecond,
    'p50 ms': row.p50Ms.toFixed(2),
    'p99 ms': row.p99Ms.toFixed(2),
    'RSS MB': row.residentMegabytes.toFixed(0),
    'bytes/req': row.allocatedBytes,
  })
  console.log(
    `${app}: ${micro(rows[0].nanoseconds)} µs of CPU per request bare, latency at ${rows[0].rate} req/s, Node ${process.version}`,
  )
  return console.table(Object.fromEntries(rows.map((row) => [row.variant, line(row)])))
}
