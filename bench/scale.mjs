// Whether the cost of a request stays what it is when things grow: routes, middlewares, distinct paths, events in the
// buffer, processes of a cluster, a spool found at the start.
// Usage: npm run build && node bench/scale.mjs [--only routes,paths] [--rotations 40] [--most-paths 1000000] [--json]
// Linux only; routes and middlewares are counted by callgrind, and need valgrind.
import { parseArgs } from 'node:util'
import { ASKED } from './apps/routes.cjs'
import { canCount } from './measure/callgrind.mjs'
import { instructionsPerRequest } from './measure/instructions.mjs'
import { Lineup } from './measure/lineup.mjs'
import { startServer, startSink } from './measure/server.mjs'
import { filledSpool } from './measure/spool.mjs'
import { median, quantile } from './measure/statistics.mjs'
import { ours, variants } from './variants.mjs'

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'routes,middlewares,paths,buffered,workers,spool' },
    rotations: { type: 'string', default: '40' },
    'most-paths': { type: 'string', default: '1000000' },
    json: { type: 'boolean', default: false },
  },
})
const WARM_UP_REQUESTS = 20_000
const MB = 1_000_000
/** More than the largest level, so that none is dropped. */
const BUFFER = {
  PEEKAPI_DURABILITY: 'memory',
  PEEKAPI_STORAGE_PATH: 'none',
  PEEKAPI_MAX_BUFFER_SIZE: '1000000',
}

const sink = await startSink()
const questions = {
  routes: async () => [
    ...(await counted('fastify', [10, 100, 1000, 5000], 'BENCH_ROUTES')),
    ...(await counted('express', [10, 100, 1000, 5000], 'BENCH_ROUTES')),
  ],
  middlewares: () => counted('express', [0, 8, 32, 128], 'BENCH_MIDDLEWARES'),
  paths: () =>
    clocked(
      'http',
      [10, 1000, 100_000, 1_000_000].filter((paths) => paths <= Number(values['most-paths'])),
      {
        // Words and numbers by turns: what the normaliser folds, and what it takes for an endpoint.
        pathOf: (paths) => (n) => (n % 2 === 0 ? `/users/${n % paths}` : `/pages/${wordOf(n % paths)}`),
        warmUp: (paths) => paths,
      },
    ),
  buffered: () =>
    clocked('http', [0, 50_000, 400_000], {
      env: BUFFER,
      endpointLater: 'refused',
      warmUp: (events) => events,
    }),
  workers: () => clocked('cluster', [1, 2], { app: (workers) => ({ BENCH_WORKERS: String(workers) }) }),
  spool: () =>
    clocked('http', [0, 1 * MB, 2.5 * MB, 5 * MB], {
      env: (bytes) => ({ PEEKAPI_STORAGE_PATH: filledSpool(bytes) }),
      endpoint: 'refused',
    }),
}

for (const question of values.only.split(',')) show(question, await questions[question]())
await sink.stop()

/** By instructions: the application bare and with us at each level. */
async function counted(app, levels, variable) {
  if (!canCount()) return [{ app, at: 'no valgrind' }]
  const rows = []
  for (const at of levels) {
    const level = { [variable]: String(at) }
    const { execArgv, env } = variants['ours without journal'](sink)
    const bare = await instructionsPerRequest(app, { execArgv: [], env: level }, ASKED)
    const added = (await instructionsPerRequest(app, { execArgv, env: { ...env, ...level } }, ASKED)) - bare
    rows.push({ app, at, unit: 'instructions', bare, added })
  }
  return rows
}

/** By the CPU clock, all levels in turn, bare and with us. */
async function clocked(
  app,
  levels,
  { app: ofApp = () => ({}), env = {}, endpoint = 'up', endpointLater = endpoint, pathOf, warmUp = () => 0 },
) {
  await sink.become(endpoint)
  const servers = {}
  for (const at of levels) {
    const own = ours(sink.url, typeof env === 'function' ? env(at) : env)
    servers[`bare ${at}`] = await startServer(app, { execArgv: [], env: ofApp(at) })
    servers[`ours ${at}`] = await startServer(app, { ...own, env: { ...own.env, ...ofApp(at) } })
  }
  const levelOf = (name) => Number(name.split(' ')[1])
  const lineup = new Lineup(servers, (name) => pathOf?.(levelOf(name)) ?? ASKED)
  await lineup.warmUp(WARM_UP_REQUESTS)
  await sink.become(endpointLater)
  for (const at of levels) await lineup.warmUp(warmUp(at), (name) => levelOf(name) === at)
  for (let rotation = 0; rotation <= Number(values.rotations); rotation++) await lineup.rotate()
  await lineup.stop()
  await sink.become('up')

  const rounds = lineup.rounds()
  return levels.map((at) => {
    const [bare, own] = ['bare', 'ours'].map((name) =>
      rounds[`${name} ${at}`].map(({ nanoseconds }) => nanoseconds),
    )
    const added = own.map((nanoseconds, rotation) => nanoseconds - bare[rotation])
    const quartiles = [0.25, 0.75].map((q) => Math.round(quantile(added, q)))
    return {
      app,
      at,
      unit: 'ns',
      bare: Math.round(median(bare)),
      added: Math.round(median(added)),
      quartiles,
    }
  })
}

/** `a`, `b`, … `aa`: letters only, as endpoints have them. */
function wordOf(n) {
  return (n < 26 ? '' : wordOf(Math.floor(n / 26) - 1)) + String.fromCharCode(97 + (n % 26))
}

function show(question, rows) {
  if (values.json) return console.log(JSON.stringify({ node: process.version, question, rows }))
  const line = ({ app, at, unit, bare, added, quartiles = [] }) => {
    const first = rows.find((row) => row.app === app)
    return {
      app,
      at,
      unit,
      bare,
      added,
      quartiles: quartiles.join('…'),
      'against first': (added / first.added).toFixed(2),
    }
  }
  console.log(`${question}, Node ${process.version}`)
  return console.table(rows.map(line))
}
