import { debug } from '../log.ts'
import type { Backlog } from './backlog.ts'
import type { Batch } from './batch.ts'
import type { Buffer } from './buffer.ts'
import { Gate } from './gate.ts'
import type { Ledger } from './ledger.ts'
import { Shipment, type ShipmentParts } from './shipment.ts'
import type { Spool } from './spool/spool.ts'
import type { Transport } from './transport.ts'
import { WorkingSize } from './working-size.ts'

export interface SenderParts {
  readonly buffer: Buffer
  readonly ledger: Ledger
  readonly spool: Spool
  readonly backlog: Backlog
  readonly transport: Transport
  readonly gate?: Gate
  /** Told of faults in the background. */
  readonly onError: (error: Error) => void
}

/** Moves batches from memory and from the disk to the endpoint, as fast as the gate allows. */
export class Sender {
  readonly #buffer: Buffer
  readonly #spool: Spool
  readonly #backlog: Backlog
  readonly #transport: Transport
  readonly #gate: Gate
  readonly #ledger: Ledger
  readonly #parts: ShipmentParts
  readonly #shipments = new Set<Shipment>()
  #recovering: Shipment | undefined
  #incompleteToo = false
  #gateTimer: NodeJS.Timeout | undefined
  #waiting: Array<() => void> = []

  constructor({ buffer, ledger, spool, backlog, transport, gate = new Gate(), onError }: SenderParts) {
    this.#buffer = buffer
    this.#ledger = ledger
    this.#spool = spool
    this.#backlog = backlog
    this.#transport = transport
    this.#gate = gate
    const report = (message: string): void => {
      debug(() => message)
      onError(new Error(message))
    }
    this.#parts = { ledger, spool, transport, gate, size: new WorkingSize(), report }
  }

  /** Events in requests that are under way. */
  get inFlight(): number {
    let events = 0
    for (const shipment of this.#shipments) events += shipment.events
    return events
  }

  /** What is under way, as the disk knows it. */
  underWay(): Batch[] {
    return Array.from(this.#shipments, ({ batch }) => batch)
  }

  /** Starts what may start now: complete batches, or all there is; then what waits on disk. */
  wake(which: 'complete' | 'any'): void {
    if (which === 'any') this.#incompleteToo = true
    while (this.#buffer.has(this.#incompleteToo ? 'any' : 'complete') && this.#admitted())
      this.#ship(this.#buffer.shift())
    if (!this.#buffer.has('any')) this.#incompleteToo = false
    this.#recover()
    if (this.#gate.lasting) this.#offload()
    this.#awaitGate()
  }

  /** Sends until memory is empty, time is up, or the gate will not open in time. Keeps the process alive meanwhile. */
  async drain(timeoutMs: number): Promise<void> {
    const until = performance.now() + timeoutMs
    let expire: (() => void) | undefined
    const expired = new Promise<void>((resolve) => (expire = resolve))
    const timer = setTimeout(() => expire?.(), timeoutMs)
    try {
      for (;;) {
        this.wake('any')
        const left = until - performance.now()
        const nothingToWaitFor =
          this.#shipments.size === 0 && (!this.#buffer.has('any') || this.#gate.waitMs() > left)
        if (left <= 0 || nothingToWaitFor) return
        await Promise.race([this.#nextChange(), expired])
      }
    } finally {
      clearTimeout(timer)
    }
  }

  /** Takes back what is under way: nobody will be there to hear the answer. */
  async recall(): Promise<void> {
    while (this.#shipments.size > 0) {
      this.#transport.abandon('no answer within the shutdown timeout')
      await this.#nextChange()
    }
  }

  /** The same for the last moment of a process, without a wait. */
  seize(): Batch[] {
    const left = Array.from(this.#shipments, (shipment) => shipment.interrupt()).flat()
    this.#shipments.clear()
    return left
  }

  stop(): void {
    clearTimeout(this.#gateTimer)
    this.#transport.close()
  }

  #admitted(): boolean {
    return this.#gate.admits(this.#shipments.size)
  }

  /** Sends a batch that the gate has admitted. */
  #ship(batch: Batch | undefined): Shipment | undefined {
    const sealed = batch && this.#seal(batch)
    if (sealed === undefined) {
      this.#gate.withdraw()
      return undefined
    }
    const shipment = new Shipment(sealed, this.#parts)
    this.#shipments.add(shipment)
    void shipment.run().then(() => this.#settle(shipment))
    return shipment
  }

  #settle(shipment: Shipment): void {
    this.#shipments.delete(shipment)
    if (this.#recovering === shipment) this.#recovering = undefined
    this.#giveBack(shipment.left)
    this.#tellWaiting()
    this.wake('complete')
  }

  /** The part of a batch that is still ours to send; the rest was adopted by another process in a long pause. */
  #seal(batch: Batch): Batch | undefined {
    const sealed = this.#spool.seal(batch)
    this.#ledger.spooled += batch.lines.length - (sealed?.lines.length ?? 0)
    return sealed
  }

  /** A batch from the disk, one at a time, when no complete one waits in memory. */
  #recover(): void {
    if (this.#recovering !== undefined || this.#buffer.has('complete') || this.#gate.waitMs() > 0) return
    this.#backlog.look()
    if (this.#backlog.held !== undefined && this.#admitted())
      this.#recovering = this.#ship(this.#backlog.take())
  }

  /** To the disk once the outage lasts, else back to the head of the buffer in the order it had. */
  #giveBack(left: readonly Batch[]): void {
    for (const batch of left) {
      if (!this.#gate.lasting || this.#backlog.store(batch) !== undefined) this.#buffer.unshift(batch)
    }
  }

  #offload(): void {
    while (this.#buffer.has('complete')) {
      const batch = this.#buffer.shift()!
      if (this.#backlog.store(batch) === undefined) continue
      this.#buffer.unshift(batch)
      return
    }
  }

  #awaitGate(): void {
    // With a request under way its end wakes us; a timer beside it would spin on a gate whose time has come.
    if (this.#gate.healthy || this.#shipments.size > 0 || this.#gateTimer !== undefined) return
    const wait = this.#gate.waitMs()
    // Once the gate is open, what a look finds wakes us.
    const backlog = this.#backlog.held !== undefined || (this.#backlog.promising && wait > 0)
    if (!this.#buffer.has('any') && !backlog) return
    this.#gateTimer = setTimeout(() => {
      this.#gateTimer = undefined
      this.#tellWaiting()
      this.wake('any')
    }, wait).unref()
  }

  #nextChange(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #tellWaiting(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
