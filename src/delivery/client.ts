import type { Config } from '../config/config.ts'
import { debug } from '../log.ts'
import type { ApiEvent, Client, Stats, TlsOptions, TrackedEvent } from '../types/client.ts'
import { Buffer } from './buffer.ts'
import { Ledger, ledgerLine } from './ledger.ts'
import { eventFromProgram, lineOf } from './line.ts'
import type { Environment } from './proxy.ts'
import { Sender } from './sender.ts'
import { noSpool, type Spool } from './spool/spool.ts'
import { Transport } from './transport.ts'

export type ClientConfig = Pick<
  Config,
  | 'endpoint'
  | 'allowPrivateEndpoint'
  | 'caFile'
  | 'flushInterval'
  | 'batchSize'
  | 'maxBufferSize'
  | 'maxEventBytes'
  | 'shutdownTimeout'
  | 'durability'
> & {
  readonly apiKey: string
  readonly tlsOptions?: TlsOptions | undefined
  /** Names the proxies. Default: none. */
  readonly environment?: Environment
  readonly onError?: ((error: Error) => void) | undefined
}

/** Takes events in, answers for every one of them, and sends them off. */
export class DeliveryClient implements Client {
  readonly #config: ClientConfig
  readonly #ledger = new Ledger()
  readonly #buffer: Buffer
  readonly #spool: Spool
  #sender: Sender | undefined
  #flushTimer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(config: ClientConfig, spool: Spool = noSpool) {
    this.#config = config
    this.#spool = spool
    this.#buffer = new Buffer(config.maxBufferSize, config.maxEventBytes, config.batchSize)
  }

  /** Takes an event that this package made. */
  record(event: ApiEvent): void {
    this.#ledger.captured++
    const line = lineOf(event, this.#config.maxEventBytes)
    if (line === undefined) this.#ledger.drop('too_large', 1)
    else if (this.#makeRoom(line)) this.#append(line)
    else this.#ledger.drop('buffer_full', 1)
  }

  track(event: TrackedEvent): void {
    const whole = eventFromProgram(event)
    if (whole !== undefined) return this.record(whole)
    this.#ledger.captured++
    this.#ledger.drop('corrupt', 1)
  }

  /** Counts a request that configuration leaves out. */
  ignore(): void {
    this.#ledger.ignored++
  }

  async flush(): Promise<void> {
    if (this.#buffer.events === 0 && this.#sender === undefined) return
    await this.#running().drain(this.#config.shutdownTimeout)
  }

  async shutdown(): Promise<void> {
    await this.flush()
    this.persist()
    this.#stopped = true
    clearTimeout(this.#flushTimer)
    this.#sender?.stop()
    this.reportLedger()
  }

  /** Whether anything is left that a flush could send. */
  get pending(): boolean {
    return this.#buffer.events > 0 || (this.#sender?.inFlight ?? 0) > 0
  }

  /** Writes what is in memory to disk, synchronously: the process is about to die. */
  persist(): void {
    this.#spool.journal(this.#buffer.batches())
  }

  stats(): Stats {
    return this.#ledger.stats({ buffered: this.#buffer.events, inFlight: this.#sender?.inFlight ?? 0 })
  }

  reportLedger(): void {
    debug(() => ledgerLine(this.stats()))
  }

  #append(line: string): void {
    const complete = this.#buffer.push(line)
    if (this.#stopped) return
    if (complete) setImmediate(() => this.#running().wake('complete')).unref()
    this.#flushTimer ??= setTimeout(() => this.#tick(), this.#config.flushInterval).unref()
  }

  #tick(): void {
    this.#flushTimer = undefined
    this.#running().wake('any')
  }

  /** Room in memory for one more event, if need be by handing the oldest batch to the disk. */
  #makeRoom(line: string): boolean {
    const held = this.#sender?.inFlight ?? 0
    if (this.#buffer.hasRoomFor(line, held)) return true
    const oldest = this.#buffer.shift()
    if (oldest === undefined) return false
    if (this.#spool.publish(oldest) === undefined) {
      this.#ledger.spooled += oldest.lines.length
      return this.#buffer.hasRoomFor(line, held)
    }
    this.#buffer.unshift(oldest)
    return false
  }

  /** Made at the first flush: loading `node:https` is the dearest thing this package does. */
  #running(): Sender {
    this.#sender ??= new Sender({
      buffer: this.#buffer,
      ledger: this.#ledger,
      spool: this.#spool,
      transport: new Transport(this.#config),
      onError: (error) => this.#tell(error),
    })
    return this.#sender
  }

  #tell(error: Error): void {
    try {
      this.#config.onError?.(error)
    } catch {
      // Theirs to handle; a fault in it must not become a fault of the application.
    }
  }
}
