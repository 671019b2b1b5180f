import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App, type Ending } from '../support/app.ts'
import { ask } from '../support/request.ts'
import { until } from '../support/until.ts'
import { Http1Accountant } from './http1-accountant.ts'
import type { ConnectionPlan } from './plan.ts'
import { Proxy } from './proxy.ts'
import { runRaw } from './raw-client.ts'

/** Few: what the machine does besides should not reorder what the application sees. */
const CONCURRENCY = 4

/** What can be seen of a connection, from outside and by the application itself. */
export interface Observation {
  /** All bytes that the client was sent, but for dates. */
  readonly bytes: string
  /** What the application saw of each exchange. */
  readonly seen: ReadonlyArray<readonly string[]>
}

export interface Observed {
  /** One for each plan. */
  readonly connections: readonly Observation[]
  readonly ending: Omit<Ending, 'stdout'>
  /** Names and lengths of what is wrapped. */
  readonly methods: unknown
  /** How many listeners the process has for which event, at its end. */
  readonly listening: Readonly<Record<string, number>>
}

/** An accountant that also keeps what the server sent. */
class Recorder extends Http1Accountant {
  readonly sent: Buffer[] = []

  override fromServer(bytes: Buffer): void {
    this.sent.push(bytes)
    super.fromServer(bytes)
  }
}

const DATE = /\r\nDate: [^\r]*\r\n/g

/** Runs the plans against the application, with the preload that reports to `endpoint` or without it. */
export async function observe(plans: readonly ConnectionPlan[], endpoint?: string): Promise<Observed> {
  const directory = mkdtempSync(join(tmpdir(), 'peekapi-observed-'))
  const log = join(directory, 'log.json')
  const app = await App.serve({
    file: 'fixtures/wire/observed.cjs',
    env: { LOG: log },
    ...(endpoint === undefined ? { preload: 'none' } : { endpoint }),
  })
  await until(
    () => app.ports.length === 2,
    () => 'both servers',
  )
  const sent = await runEach(plans, app)
  await ask(app.origin, '/quit')
  const { code, signal, stderr } = await app.ended
  const { seen, methods, listening } = JSON.parse(readFileSync(log, 'utf8')) as {
    seen: Record<string, string[]>
    methods: unknown
    listening: Record<string, number>
  }
  rmSync(directory, { recursive: true })
  const connections = plans.map(({ exchanges }, n) => ({
    bytes: sent[n]!.toString('latin1').replace(DATE, '\r\nDate: -\r\n'),
    seen: exchanges.flatMap(({ id }) => [seen[id] ?? [], seen[`socket of ${id}`] ?? []]),
  }))
  return { connections, ending: { code, signal, stderr }, methods, listening }
}

/** Each plan through a proxy of its own; what its client was sent. */
async function runEach(plans: readonly ConnectionPlan[], app: App): Promise<Buffer[]> {
  const sent: Buffer[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    for (let n = next++; n < plans.length; n = next++) {
      const plan = plans[n]!
      const recorder = new Recorder()
      const proxy = await Proxy.start(app.ports[plan.port === 'plain' ? 0 : 1]!, () => recorder)
      await runRaw(plan, proxy.port)
      await until(
        () => proxy.busy === 0,
        () => `the end of ${JSON.stringify(plan)}`,
      )
      await proxy.close()
      sent[n] = Buffer.concat(recorder.sent)
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, worker))
  return sent
}
