// What it costs the application that the endpoint is out: CPU per request, memory, and the delay of the event loop,
// while the endpoint refuses, answers after 5 s, or comes and goes; against an application whose endpoint is up.
// Usage: npm run build && node bench/outage.mjs [--apps http,express] [--seconds 60] [--warm-up 20000] [--json]
// Each server has so many seconds of full load, in slices that they take in turn. Linux only.
import { parseArgs } from 'node:util'
import { ASKED } from './apps/routes.cjs'
import { Lineup } from './measure/lineup.mjs'
import { startServer, startSink } from './measure/server.mjs'
import { median, ratioOf } from './measure/statistics.mjs'
import { variants } from './variants.mjs'

const { values } = parseArgs({
  options: {
    apps: { type: 'string', default: 'http,express' },
    seconds: { type: 'string', default: '60' },
    'warm-up': { type: 'string', default: '20000' },
    json: { type: 'boolean', default: false },
  },
})
/** The second of two that are up tells what is noise. */
const STATES = ['up', 'up again', 'refused', 'slow', 'flapping']
/** Long enough for some failures in a row, short enough for several turns. */
const FLAP_MS = 5_000
const BYTES_PER_MB = 1e6

for (const app of values.apps.split(',')) show(app, await measured(app))

async function measured(app) {
  const sinks = {}
  const servers = { bare: await startServer(app, variants.bare()) }
  for (const state of STATES) {
    sinks[state] = await startSink()
    servers[state] = await startServer(app, variants.ours(sinks[state]))
  }
  const lineup = new Lineup(servers, () => ASKED)
  await lineup.warmUp(Number(values['warm-up']))
  const before = { resident: lineup.resident(), live: await lineup.ask('live bytes') }
  await breakDown(sinks)
  const postsBefore = await counted(sinks)

  const milliseconds = Number(values.seconds) * 1000 * Object.keys(servers).length
  const begun = performance.now()
  let flaps = 0
  do {
    await lineup.rotate(watched)
    if (performance.now() - begun < (flaps + 1) * FLAP_MS) continue
    await sinks.flapping.become(++flaps % 2 === 0 ? 'refused' : 'up')
  } while (performance.now() - begun < milliseconds)

  const delays = await lineup.ask('event loop delay')
  const after = { resident: lineup.resident(), live: await lineup.ask('live bytes') }
  const posts = await counted(sinks)
  await lineup.stop()
  for (const sink of Object.values(sinks)) await sink.stop()

  const costs = Object.entries(lineup.rounds()).map(([name, rounds]) => [
    name,
    rounds.map(({ nanoseconds }) => nanoseconds),
  ])
  const up = costs.find(([name]) => name === 'up')[1]
  return costs.map(([endpoint, cost]) => ({
    endpoint,
    slices: cost.length,
    posts: endpoint in sinks ? posts[endpoint] - postsBefore[endpoint] : 0,
    nanoseconds: Math.round(median(cost)),
    againstUp: ratioOf(cost, up),
    residentMegabytes: after.resident[endpoint],
    residentGrowth: after.resident[endpoint] - before.resident[endpoint],
    liveGrowth: (after.live[endpoint] - before.live[endpoint]) / BYTES_PER_MB,
    ...delays[endpoint],
  }))
}

async function breakDown({ refused, slow, flapping }) {
  await refused.become('refused')
  await slow.become('slow')
  await flapping.become('refused')
}

async function counted(sinks) {
  const posts = {}
  for (const [state, sink] of Object.entries(sinks)) ({ posts: posts[state] } = await sink.counts())
  return posts
}

/** Only under load: while others have their turn, its event loop is idle. */
async function watched(server, slice) {
  await server.ask('watch the event loop')
  await slice()
  await server.ask('leave the event loop')
}

function show(app, rows) {
  if (values.json)
    return console.log(JSON.stringify({ node: process.version, app, seconds: values.seconds, rows }))
  const line = (row) => ({
    'CPU µs': (row.nanoseconds / 1000).toFixed(1),
    'against up': row.againstUp.ratio.toFixed(3),
    'median within': row.againstUp.interval.map((ratio) => ratio.toFixed(3)).join('…'),
    posts: row.posts,
    'RSS MB': row.residentMegabytes.toFixed(0),
    'RSS grew MB': row.residentGrowth.toFixed(1),
    'live grew MB': row.liveGrowth.toFixed(1),
    'loop p99 ms': row.p99Ms.toFixed(2),
    'loop max ms': row.maxMs.toFixed(1),
  })
  console.log(`${app}: ${values.seconds} s of full load for each, Node ${process.version}`)
  return console.table(Object.fromEntries(rows.map((row) => [row.endpoint, line(row)])))
}
