import { fork, spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished } from 'vitest'
import type { Batch } from '../../src/delivery/batch.ts'
import type { DiskSpoolOptions } from '../../src/delivery/spool/disk-spool.ts'
import type { Refusal } from '../../src/delivery/spool/spool.ts'
import type { DropReason } from '../../src/types/client.ts'
import { until } from './until.ts'

const program = fileURLToPath(new URL('spool-program.ts', import.meta.url))
const STDIO: StdioOptions = ['ignore', 'pipe', 'pipe', 'ipc']

/** What a program with a spool can be told to do, see spool-program.ts. */
export interface Calls {
  /** Makes a batch, or lets it grow. */
  grow(id: string, lines: readonly string[]): void
  /** Journals all batches in memory. */
  journal(): void
  publish(id: string): Refusal | undefined
  seal(id: string): Batch | undefined
  forget(id: string): void
  claim(): Batch | undefined
  /** Claims and forgets until nothing is left; the batches in the order of their claims. */
  drain(): Batch[]
  /** Journals or publishes numbered batches of ten until it is killed, and writes each confirmed event's number to stdout. */
  load(from: number): void
  files(directory: string): string[]
  /** Puts something else on the disk. */
  fill(path: string, bytes: number): void
  ledger(): { spooled: number; dropped: Record<DropReason, number> }
}

type ProcessOptions = Partial<Omit<DiskSpoolOptions, 'ledger'>> & Pick<DiskSpoolOptions, 'storagePath'>

/** A process of its own with a spool in it. */
export class SpoolProcess {
  readonly process: ChildProcess
  stdout = ''
  stderr = ''
  #asked = 0
  readonly #answers = new Map<number, (answer: unknown) => void>()
  readonly #closed: Promise<unknown>

  /** @param wrapper A command that runs the program with limits or in a namespace of its own. */
  constructor(options: ProcessOptions, wrapper: readonly string[] = []) {
    const argument = JSON.stringify(options)
    const [command, ...args] = wrapper
    this.process =
      command === undefined
        ? fork(program, [argument], { stdio: STDIO })
        : spawn(command, [...args, process.execPath, program, argument], { stdio: STDIO })
    this.process.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk))
    this.process.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk))
    this.process.on('message', ({ number, answer }: { number: number; answer?: unknown }) => {
      this.#answers.get(number)?.(answer)
      this.#answers.delete(number)
    })
    this.#closed = once(this.process, 'close')
    onTestFinished(() => this.kill())
  }

  ask<Name extends keyof Calls>(
    name: Name,
    ...args: Parameters<Calls[Name]>
  ): Promise<ReturnType<Calls[Name]>> {
    const number = this.#asked++
    return Promise.race([
      new Promise<ReturnType<Calls[Name]>>((resolve) => {
        this.#answers.set(number, resolve as (answer: unknown) => void)
        this.process.send({ number, name, args })
      }),
      this.#closed.then(() => {
        throw new Error(`ended instead of answering ${name}: ${this.stderr}`)
      }),
    ])
  }

  /** Tells it to do something and does not wait. */
  tell<Name extends keyof Calls>(name: Name, ...args: Parameters<Calls[Name]>): void {
    this.process.send({ number: this.#asked++, name, args })
  }

  /** Waits until it has said something on stderr, and makes sure that it was said once. */
  async said(what: RegExp): Promise<void> {
    await until(
      () => this.stderr.match(what) !== null,
      () => `${what} in: ${this.stderr}`,
    )
    expect(this.stderr.match(what)).toHaveLength(1)
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    // `kill` says whether there was anybody to receive it; one that has disconnected and ended emits no `close`.
    if (this.process.kill(signal)) await this.#closed
  }
}
