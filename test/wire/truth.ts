import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App } from '../support/app.ts'
import { Authority } from '../support/certificates.ts'
import { Ingest } from '../support/ingest.ts'
import { until } from '../support/until.ts'
import type { ApiEvent } from '../../src/types/client.ts'
import { connections } from './generator.ts'
import { Http1Accountant } from './http1-accountant.ts'
import { Http2Accountant, type StreamNames } from './http2-accountant.ts'
import { Proxy } from './proxy.ts'
import { runRound, type Counts, type Result } from './round.ts'

const ROUND_EXCHANGES = 1_000
/** Mismatches that are told; the first says it all. */
const MAX_TOLD = 5

export interface Verdict extends Result {
  readonly seed: number
  readonly seconds: number
}

/** Compares that many exchanges, or as many as the time allows; stops at the first round with a mismatch. */
export async function compareWithWire(seed: number, exchanges: number, maxSeconds: number): Promise<Verdict> {
  const begun = performance.now()
  const events = new Map<string, ApiEvent[]>()
  const ingest = await Ingest.start((_n, batch) => {
    for (const event of batch.events) {
      const id = event.consumer_id ?? ''
      events.set(id, [...(events.get(id) ?? []), event])
    }
    return { status: 202 }
  })
  const authority = new Authority()
  const identity = authority.sign('IP:127.0.0.1')
  authority.remove()
  const spool = mkdtempSync(join(tmpdir(), 'peekapi-truth-'))
  const env = {
    KEY: identity.key,
    CERT: identity.cert,
    PEEKAPI_STORAGE_PATH: join(spool, 'events'),
    PEEKAPI_DURABILITY: 'memory',
  }
  const app = await App.serve({ file: 'fixtures/wire/app.cjs', endpoint: ingest.url, env })
  await until(
    () => app.ports.length === 5,
    () => 'all servers',
  )
  const names: StreamNames = new Map()
  const keep = (): Http1Accountant => new Http1Accountant()
  const keepStreams =
    (proxy: string) =>
    (port: number): Http2Accountant =>
      new Http2Accountant((stream) => names.get(`${proxy}:${port}:${stream}`))
  const proxies = {
    plain: await Proxy.start(app.ports[0]!, keep),
    explicit: await Proxy.start(app.ports[1]!, keep),
    secure: await Proxy.start(app.ports[2]!, keep, identity),
    fallback: await Proxy.start(app.ports[4]!, keep, identity),
    h2c: await Proxy.start(app.ports[3]!, keepStreams('h2c')),
    h2: await Proxy.start(app.ports[4]!, keepStreams('h2'), { ...identity, ALPNProtocols: ['h2'] }),
  }
  const mismatches: string[] = []
  const outcomes: Record<string, number> = {}
  const ways: Record<string, number> = {}
  let compared = 0
  const seconds = (): number => (performance.now() - begun) / 1_000
  try {
    for (let round = 0; compared < exchanges && mismatches.length === 0 && seconds() < maxSeconds; round++) {
      const count = Math.min(ROUND_EXCHANGES, exchanges - compared)
      const plans = connections(seed + round, count, (n) => `${round}-${n}`)
      const result = await runRound(plans, { proxies, events, names })
      if (app.process.exitCode !== null) throw new Error(`the application died: ${app.stderr}`)
      compared += result.compared
      add(outcomes, result.outcomes)
      add(ways, result.ways)
      mismatches.push(...result.mismatches.slice(0, MAX_TOLD))
      ingest.batches.length = 0
      names.clear()
    }
    // A second event of an exchange comes when the process ends, at the latest, and then goes to the disk.
    if (mismatches.length === 0) {
      await app.stop()
      const late = [...events.values()].flat().map((event) => JSON.stringify(event))
      late.push(...kept(spool))
      mismatches.push(...late.slice(0, MAX_TOLD).map((event) => `another event: ${event}`))
    }
  } finally {
    await app.stop('SIGKILL')
    rmSync(spool, { recursive: true })
    await Promise.all([...Object.values(proxies), ingest].map((server) => server.close()))
  }
  return { seed, compared, outcomes, ways, mismatches, seconds: seconds() }
}

/** Events that wait on the disk for the next process. */
function kept(spool: string): string[] {
  return readdirSync(spool).flatMap((name) => readFileSync(join(spool, name), 'utf8').trim().split('\n'))
}

function add(sums: Record<string, number>, counts: Counts): void {
  for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count
}
