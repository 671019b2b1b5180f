// How many of the contract's cases each agent tells the right route for: the fixtures that this package is tested
// with, asked case by case under each agent alone, CommonJS and ES modules.
// Usage: npm run build && node fixtures/install.mjs && node bench/peers/install.mjs
//        node bench/peers/routes.mjs [--frameworks express,koa] [--peers datadog] [--wrong] [--json]
//
// The rule. A case with a route is right if the agent tells that template, character by character (Datadog's and
// Elastic's names less the method). A case without one (a 404, middleware that answered) is right if the agent saw
// the request and names no path, or only `/`. A request that the agent never reports is wrong either way. Where the
// documentation names a loader for ES modules, the better of the runs with and without it counts.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { perform } from '../../test/support/perform.ts'
import { casesOf, releasesOf } from '../../test/contract.ts'
import { peers } from './peers.mjs'
import { environmentOf } from '../measure/server.mjs'
import { RouteSink } from './route-sink.mjs'

const ALL = 'express,fastify,koa,hapi,hono,restify,polka,connect,feathers,nestjs,adonis,loopback'
const { values } = parseArgs({
  options: {
    frameworks: { type: 'string', default: ALL },
    peers: { type: 'string', default: 'ours,opentelemetry,datadog,elastic' },
    wrong: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})

/** Agents export in intervals of a second at most, as they are started here. */
const QUIET_MS = 3000
const LONGEST_WAIT_MS = 15_000
const START_TIMEOUT_MS = 120_000

/** As each is told to export, beside how it is started: soon, and in a form that can be read. */
const EXPORTED = {
  opentelemetry: {
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_LOGS_EXPORTER: 'none',
    OTEL_BSP_SCHEDULE_DELAY: '200',
  },
  datadog: { DD_TRACE_FLUSH_INTERVAL: '200' },
  elastic: { ELASTIC_APM_API_REQUEST_TIME: '500ms', ELASTIC_APM_METRICS_INTERVAL: '0s' },
}

const path = (file) => fileURLToPath(new URL(`../../${file}`, import.meta.url))

const rows = []
for (const framework of values.frameworks.split(',')) {
  const { subject } = await import(`../../fixtures/${framework}/cases.ts`)
  const { directory, version, pinned } = newest(releasesOf(subject))
  const cases = casesOf(subject, version, pinned)
  for (const file of ['app.cjs', 'app.mjs']) {
    for (const peer of values.peers.split(',')) {
      const answers = await bestUnder(peer, `${directory}/${file}`, cases)
      const routed = answers.filter(({ one, right }) => right && one.route !== undefined).length
      const right = answers.filter(({ right }) => right).length
      const withRoute = cases.filter(({ route }) => route !== undefined).length
      rows.push({ framework, version, file, peer, right, cases: cases.length, routed, withRoute })
      if (values.wrong) for (const answer of answers) complain(framework, file, peer, answer)
    }
  }
}
if (values.json) console.log(JSON.stringify({ node: process.version, rows }))
else console.table(table(rows))
process.exit()

async function bestUnder(peer, file, cases) {
  const loader = file.endsWith('.mjs') ? peers[peer]?.loader?.() : undefined
  const runs = [await routesUnder(peer, file, cases)]
  if (loader !== undefined) runs.push(await routesUnder(peer, file, cases, ['--experimental-loader', loader]))
  const judged = runs.map((told) =>
    cases.map((one, index) => ({ one, told: told?.[index], right: isRight(peer, one, told?.[index]) })),
  )
  const score = (answers) => answers.filter(({ right }) => right).length
  return judged.reduce((best, other) => (score(other) > score(best) ? other : best))
}

/** What the agent told of each case; undefined if the application does not start under it. */
async function routesUnder(peer, file, cases, loader = []) {
  const sink = new RouteSink()
  const url = await sink.start()
  const { execArgv, env } = peer === 'ours' ? ours(url) : peers[peer].start({ url })
  const app = await started(file, [...execArgv, ...loader], { ...env, ...EXPORTED[peer] })
  if (app === undefined) {
    sink.close()
    return undefined
  }
  const traceIds = cases.map((_, index) => (0xabcdef + index).toString(16).padStart(32, '1'))
  for (const [index, one] of cases.entries()) {
    const traceparent = `00-${traceIds[index]}-00f067aa0ba902b7-01`
    await perform(
      `http://127.0.0.1:${app.port}`,
      { ...one, headers: { ...one.headers, traceparent } },
      'bench',
    ).catch(() => {})
  }
  await settled(sink, traceIds)
  app.child.kill('SIGKILL')
  sink.close()
  return traceIds.map((id) => ({ seen: sink.routes.has(id), route: sink.routes.get(id) }))
}

/** Under the probe that the tests have, which tells the port. By SIGKILL, because OpenTelemetry takes SIGTERM for itself. */
async function started(file, execArgv, env) {
  const child = fork(file, {
    execArgv: ['--require', path('test/support/probe.cjs'), ...execArgv],
    env: { ...environmentOf(), PROBE: 'true', ...env },
    cwd: path('.'),
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const exited = once(child, 'exit').then(() => [{}])
  const late = AbortSignal.timeout(START_TIMEOUT_MS)
  const [{ listening }] = await Promise.race([once(child, 'message', { signal: late }), exited]).catch(() => [
    {},
  ])
  if (listening !== undefined) return { child, port: listening.port }
  child.kill('SIGKILL')
  return undefined
}

function ours(url) {
  return {
    execArgv: ['--import', path('register.mjs')],
    env: {
      PEEKAPI_API_KEY: 'bench',
      PEEKAPI_ENDPOINT: `${url}/v1/events`,
      PEEKAPI_STORAGE_PATH: 'none',
      PEEKAPI_FLUSH_INTERVAL: '200ms',
      PEEKAPI_NORMALIZE_PATHS: 'false',
    },
  }
}

async function settled({ routes }, traceIds) {
  const begun = performance.now()
  for (let last = begun, size = routes.size; traceIds.some((id) => !routes.has(id));) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    if (routes.size !== size) [last, size] = [performance.now(), routes.size]
    if (performance.now() - last > QUIET_MS || performance.now() - begun > LONGEST_WAIT_MS) return
  }
}

function isRight(peer, one, told) {
  if (told === undefined || !told.seen) return false
  // Ours says the URL's path where there is no route.
  if (one.route === undefined && peer === 'ours') return told.route === one.ask.split(' ')[1].split('?', 1)[0]
  if (one.route === undefined) return told.route === '/' || !told.route?.includes('/')
  return told.route === one.route
}

function complain(framework, file, peer, { one: { ask, route }, told, right }) {
  if (right) return
  const said = told === undefined ? 'does not start' : told.seen ? `"${told.route}"` : 'not seen'
  console.error(`${framework} ${file} ${peer}: ${ask} is ${route ?? 'no route'}, ${said}`)
}

function newest(releases) {
  return releases.toSorted((a, b) => Number.parseInt(b.version, 10) - Number.parseInt(a.version, 10))[0]
}

/** One line for each application, one column for each agent: cases right, and how many of those with a route. */
function table(rows) {
  const lines = new Map()
  for (const { framework, version, file, peer, right, cases, routed, withRoute } of rows) {
    const name = `${framework} ${version}, ${file === 'app.cjs' ? 'CommonJS' : 'ESM'}`
    const line = lines.get(name) ?? { cases: `${cases} (${withRoute})` }
    line[peer] = `${right} (${routed})`
    lines.set(name, line)
  }
  return Object.fromEntries(lines)
}
