// What an event costs the application's main thread from `track()` to the endpoint's answer, and how long delivery
// blocks the event loop at most.
// Usage: npm run build && node bench/delivery.mjs [--runs 5] [--seconds 4] [--rate 5000] [--json]
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    rate: { type: 'string', default: '5000' },
    json: { type: 'boolean', default: false },
    variant: { type: 'string' },
    endpoint: { type: 'string' },
    storage: { type: 'string' },
  },
})
const seconds = Number(values.seconds)
const rate = Number(values.rate)

const TICK_MS = 10
/** Until the code is compiled; without it the compiler's threads are counted as ours. */
const WARM_UP_SECONDS = 3

/** `status` is what the endpoint answers; 503 is an outage, in which all events pile up. */
const variants = {
  'no client': {},
  'memory, endpoint well': { durability: 'memory', status: 202 },
  'journal, endpoint well': { durability: 'journal', status: 202 },
  'memory, endpoint down': { durability: 'memory', status: 503 },
  'journal, endpoint down': { durability: 'journal', status: 503 },
}

if (values.variant === undefined) await compare()
else await measure(variants[values.variant])

async function measure({ durability }) {
  const { PeekApiClient } = createRequire(import.meta.url)('../dist/client.cjs')
  const client =
    durability &&
    new PeekApiClient({
      apiKey: 'bench',
      endpoint: values.endpoint,
      storagePath: values.storage,
      maxBufferSize: 10_000,
      durability,
    })
  // The sender is loaded by the first flush: a cost of the start, not of an event.
  client?.track(event(-1))
  await client?.flush()
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  await produce(client, WARM_UP_SECONDS)
  delay.reset()
  const before = process.cpuUsage()
  const events = await produce(client, seconds)
  const { user, system } = process.cpuUsage(before)
  delay.disable()
  process.send({ cpu: user + system, events, longest: delay.max / 1e6, stats: client?.stats() })
  process.exit()
}

/** Events at the chosen rate. */
async function produce(client, forSeconds) {
  let made = 0
  for (let tick = 1; tick <= (forSeconds * 1000) / TICK_MS; tick++) {
    for (const until = (rate * tick * TICK_MS) / 1000; made < until; made++) {
      const one = event(made)
      client?.track(one)
    }
    await new Promise((resolve) => setTimeout(resolve, TICK_MS))
  }
  return made
}

function event(n) {
  return {
    method: 'GET',
    path: '/orgs/:org/users/:id',
    status_code: 200,
    response_time_ms: 12.34,
    request_size: 0,
    response_size: 512,
    consumer_id: `consumer-${n % 1000}`,
    timestamp: new Date().toISOString(),
    metadata: { framework: 'express' },
  }
}

async function compare() {
  const runs = Object.fromEntries(Object.keys(variants).map((name) => [name, []]))
  for (let run = 0; run < Number(values.runs); run++) {
    for (const name of Object.keys(variants)) runs[name].push(await runVariant(name))
  }
  const bare = median(runs['no client'].map(perEvent))
  const rows = Object.entries(runs).map(([name, results]) => ({
    variant: name,
    'CPU µs per event over none': round(median(results.map(perEvent)) - bare),
    'longest block, ms (median of runs)': round(median(results.map(({ longest }) => longest))),
    events: results[0].events,
    'left in memory': results[0].stats?.buffered ?? 0,
  }))
  if (values.json) console.log(JSON.stringify(rows))
  else console.table(rows)
}

async function runVariant(name) {
  const directory = mkdtempSync(join(tmpdir(), 'peekapi-bench-'))
  const sink = createServer((request, response) =>
    request.resume().on('end', () => response.writeHead(variants[name].status ?? 202).end()),
  ).listen(0, '127.0.0.1')
  await once(sink, 'listening')
  const endpoint = `http://127.0.0.1:${sink.address().port}/`
  const options = {
    variant: name,
    seconds: values.seconds,
    rate: values.rate,
    endpoint,
    storage: join(directory, 'events'),
  }
  const child = fork(
    fileURLToPath(import.meta.url),
    Object.entries(options).map(([option, value]) => `--${option}=${value}`),
  )
  try {
    const [result] = await once(child, 'message')
    return result
  } finally {
    sink.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

function perEvent({ cpu, events }) {
  return cpu / events
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]
}

function round(number) {
  return Math.round(number * 100) / 100
}
