import { join } from 'node:path'
import type { App, Ending } from './app.ts'
import type { Ingest, Script } from './ingest.ts'
import { killWhileSending } from './kill-rounds.ts'
import { ledgers } from './ledger.ts'
import { Load } from './load.ts'
import type { Scenario } from './scenario.ts'
import { BASE, numbersOnDisk } from './spool.ts'
import { delivered } from './traffic.ts'
import { until } from './until.ts'

const NUMBERS_PER_PROCESS = 100_000
/** More than two cores need not serve; the disk's limit must not be met. */
const PAUSE_MS = 15
const ENV = {
  PEEKAPI_FLUSH_INTERVAL: '1s',
  PEEKAPI_BATCH_SIZE: '20',
  PEEKAPI_MAX_STORAGE_BYTES: '100MB',
  PEEKAPI_SHUTDOWN_TIMEOUT: '200ms',
  PEEKAPI_DEBUG: 'true',
}

type End = (app: App) => Promise<unknown>
const ENDS: readonly End[] = [
  (app) => app.stop('SIGKILL'),
  (app) => app.stop('SIGTERM'),
  (app) => app.stop('SIGKILL'),
  killWhileSending,
]

/** Up, down, accepting without an answer, not accepting: an endpoint on its worst day. The middle is an outage. */
function weather(seconds: number): Script {
  const started = performance.now()
  return () => {
    const part = (performance.now() - started) / (seconds * 1000)
    if (part > 1) return { status: 202 }
    if (part > 1 / 3 && part < 2 / 3) return { status: 503 }
    const dice = Math.random()
    if (dice < 0.1) return { broken: 'before' }
    return dice < 0.3 ? { broken: 'after' } : { status: 202 }
  }
}

/** Several processes on one spool, each killed and started again and again through an outage. */
export class Siege {
  /** Events seen on disk or at the endpoint while their process lived. */
  readonly certain: Set<number> = new Set()
  readonly answered: number[] = []
  readonly cutOff: number[] = []
  kills = 0
  /** Events that processes which lived to say so have dropped. */
  dropped = 0
  readonly #scenario: Scenario
  readonly #until: number
  #started = 0

  private constructor(scenario: Scenario, seconds: number) {
    this.#scenario = scenario
    this.#until = performance.now() + seconds * 1000
    scenario.ingest.script = weather(seconds)
  }

  static async run(scenario: Scenario, processes: number, seconds: number): Promise<Siege> {
    const siege = new Siege(scenario, seconds)
    await Promise.all(Array.from({ length: processes }, () => siege.#slot()))
    return siege
  }

  /** The process that finds what all others left. */
  last(): Promise<App> {
    return this.#serve()
  }

  get fresh(): number {
    return this.#started * NUMBERS_PER_PROCESS
  }

  get #ingest(): Ingest {
    return this.#scenario.ingest
  }

  #serve(): Promise<App> {
    const { directory, serve } = this.#scenario
    return serve({ env: { ...ENV, PEEKAPI_STORAGE_PATH: join(directory, BASE) } })
  }

  async #slot(): Promise<void> {
    while (performance.now() < this.#until) {
      const from = this.#started++ * NUMBERS_PER_PROCESS
      const app = await this.#serve()
      const load = new Load(app, from, 1, PAUSE_MS)
      await until(
        () => load.answered.length > 0,
        () => 'traffic',
      )
      await new Promise((resolve) => setTimeout(resolve, 500 + Math.random() * 3500))
      this.#confirm()
      await ENDS[this.kills++ % ENDS.length]!(app)
      await load.ended
      this.answered.push(...load.answered)
      this.cutOff.push(...load.cutOff)
      this.#addDropped(await app.ended)
    }
  }

  #confirm(): void {
    for (const number of numbersOnDisk(this.#scenario.directory)) this.certain.add(number)
    for (const number of delivered(this.#ingest)) this.certain.add(number)
  }

  #addDropped({ stderr }: Ending): void {
    if (!stderr.includes('[peekapi] ledger ')) return
    for (const [name, value] of Object.entries(ledgers(stderr).at(-1)!))
      if (name.startsWith('dropped.')) this.dropped += value
  }
}
