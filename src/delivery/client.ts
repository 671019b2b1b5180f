import type { Config } from '../config/config.ts'
import { debug } from '../log.ts'
import type { Client, Stats, TlsOptions, TrackedEvent } from '../types/client.ts'
import { Backlog } from './backlog.ts'
import type { Batch } from './batch.ts'
import { Buffer } from './buffer.ts'
import { Ledger, ledgerLine } from './ledger.ts'
import { eventFromProgram, fitted } from './line.ts'
import type { Environment } from './proxy.ts'
import { Sender } from './sender.ts'
import { DiskSpool } from './spool/disk-spool.ts'
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
  | 'storagePath'
  | 'maxStorageBytes'
  | 'durability'
> & {
  readonly apiKey: string
  readonly tlsOptions?: TlsOptions | undefined
  /** Names the proxies. Default: none. */
  readonly environment?: Environment
  readonly onError?: ((error: Error) => void) | undefined
}

/** How much a `kill -9` may cost: what was captured in this time. */
const JOURNAL_INTERVAL_MS = 250

/** Takes events in, answers for every one of them, and sends them off. */
export class DeliveryClient implements Client {
  readonly #config: ClientConfig
  readonly #ledger = new Ledger()
  readonly #buffer: Buffer
  readonly #spool: Spool
  readonly #backlog: Backlog
  #sender: Sender | undefined
  #flushTimer: NodeJS.Timeout | undefined
  #journalTimer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(config: ClientConfig) {
    this.#config = config
    this.#spool =
      config.storagePath === 'none'
        ? noSpool
        : new DiskSpool({ ...config, ledger: this.#ledger, onError: (error) => this.#tell(error) })
    this.#backlog = new Backlog(this.#spool, this.#ledger, () => this.#welcome())
    this.#buffer = new Buffer(config.maxBufferSize, config.maxEventBytes, config.batchSize)
  }

  /** Takes an event that is whole, as JSON. */
  record(event: string): void {
    this.#ledger.captured++
    const line = fitted(event, this.#config.maxEventBytes)
    if (line === undefined) this.#ledger.drop('too_large', 1)
    else if (this.#makeRoom(line)) this.#append(line)
    else this.#ledger.drop('buffer_full', 1)
  }

  track(event: TrackedEvent): void {
    const whole = eventFromProgram(event)
    if (whole !== undefined) return this.record(JSON.stringify(whole))
    this.#ledger.captured++
    this.#ledger.drop('corrupt', 1)
  }

  /** Counts a request that configuration leaves out. */
  ignore(): void {
    this.#ledger.ignored++
  }

  /** Counts what arrived and never became a request. */
  malformed(): void {
    this.#ledger.malformed++
  }

  async flush(): Promise<void> {
    if (this.#buffer.events === 0 && this.#sender === undefined) return
    await this.#running().drain(this.#config.shutdownTimeout)
  }

  async shutdown(): Promise<void> {
    await this.conclude()
    this.#stopped = true
    clearTimeout(this.#flushTimer)
    clearTimeout(this.#journalTimer)
    this.#backlog.stop()
    this.#sender?.stop()
    this.reportLedger()
  }

  /** Whether anything is left that a flush could send. */
  get pending(): boolean {
    return this.#buffer.events > 0 || (this.#sender?.inFlight ?? 0) > 0
  }

  /** Starts to look for what other processes left on disk. */
  start(): void {
    this.#backlog.start()
  }

  /** Sends what is there without waiting for it. */
  hasten(): void {
    if (this.#buffer.events > 0) this.#running().wake('any')
  }

  /** Copies what is in memory to disk, synchronously. */
  journal(): void {
    this.#spool.journal([...(this.#sender?.underWay() ?? []), ...this.#buffer.batches()])
  }

  /** Sends what can be sent within the shutdown timeout and hands the rest to the disk. Usable afterwards. */
  async conclude(): Promise<void> {
    await this.flush()
    await this.#sender?.recall()
    this.#spool.insist()
    const kept = this.#takeAll().filter((batch) => this.#backlog.store(batch) !== undefined)
    for (const batch of kept.toReversed()) this.#buffer.unshift(batch)
  }

  /** Hands what is in memory to the disk, synchronously: nothing runs after this. What does not fit is dropped. */
  abandon(): void {
    const underWay = this.#sender?.seize() ?? []
    this.#spool.insist()
    for (const batch of [...underWay, ...this.#takeAll()]) {
      const refusal = this.#backlog.store(batch)
      if (refusal !== undefined) this.#ledger.drop(refusal, batch.lines.length)
    }
  }

  stats(): Stats {
    return this.#ledger.stats({
      buffered: this.#buffer.events + this.#heldEvents,
      inFlight: this.#sender?.inFlight ?? 0,
    })
  }

  reportLedger(): void {
    debug(() => ledgerLine(this.stats()))
  }

  #append(line: string): void {
    const complete = this.#buffer.push(line)
    if (this.#stopped) return
    if (complete) setImmediate(() => this.#running().wake('complete')).unref()
    if (this.#config.durability === 'journal')
      this.#journalTimer ??= setTimeout(() => this.#journalTick(), JOURNAL_INTERVAL_MS).unref()
    this.#flushTimer ??= setTimeout(() => this.#tick(), this.#config.flushInterval).unref()
  }

  #tick(): void {
    this.#flushTimer = undefined
    this.#running().wake('any')
  }

  #journalTick(): void {
    this.#journalTimer = undefined
    this.journal()
  }

  #takeAll(): Batch[] {
    const held = this.#backlog.take()
    const batches = held === undefined ? [] : [held]
    for (let batch = this.#buffer.shift(); batch !== undefined; batch = this.#buffer.shift())
      batches.push(batch)
    return batches
  }

  /** Events that were read from the disk and wait to be sent. */
  get #heldEvents(): number {
    return this.#backlog.held?.lines.length ?? 0
  }

  /** A batch from the disk is there. Memory may have filled up while it was read: then it waits where it was. */
  #welcome(): void {
    const limit = this.#config.maxBufferSize
    const held = this.#heldEvents
    const inMemory = this.#buffer.events + (this.#sender?.inFlight ?? 0) + held
    // One that is larger than memory would never be sent: another process with a higher limit wrote it.
    if (inMemory > limit && held <= limit && this.#backlog.putBack()) return
    this.#running().wake('complete')
  }

  /** Room in memory for one more event, if need be by handing the oldest batch to the disk. */
  #makeRoom(line: string): boolean {
    const inFlight = this.#sender?.inFlight ?? 0
    if (this.#buffer.hasRoomFor(line, inFlight + this.#heldEvents)) return true
    // It has a file already.
    if (this.#backlog.putBack() && this.#buffer.hasRoomFor(line, inFlight)) return true
    const oldest = this.#buffer.shift()
    if (oldest === undefined) return false
    if (this.#backlog.store(oldest) === undefined)
      return this.#buffer.hasRoomFor(line, inFlight + this.#heldEvents)
    this.#buffer.unshift(oldest)
    return false
  }

  /** Made at the first flush: loading `node:https` is the dearest thing this package does. */
  #running(): Sender {
    this.#sender ??= new Sender({
      buffer: this.#buffer,
      ledger: this.#ledger,
      spool: this.#spool,
      backlog: this.#backlog,
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
