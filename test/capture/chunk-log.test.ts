import { array, assert, constant, integer, nat, oneof, option, property, record } from 'fast-check'
import { expect, test } from 'vitest'
import { ChunkLog, type Loss } from '../../src/capture/chunk-log.ts'

/** A queue to a reader, byte by byte as Node fills it: what is left in it is what is lost. */
class Queue {
  readonly log: ChunkLog = new ChunkLog()
  /** Lengths of what waits: head or framing, and bodies. */
  readonly #waiting: Array<{ bytes: number; readonly of: 'head' | 'framing' | 'body' }> = []

  constructor(head: number) {
    this.#put(head, 'head')
  }

  bytes = 0

  /** @param seen How much of what waits Node tells: it counts strings by characters. */
  write(length: number, seen: number): void {
    this.log.add(length, seen)
    this.#put(length.toString(16).length + 2, 'framing')
    this.#put(length, 'body')
    this.#put(2, 'framing')
  }

  end(trailer: number): void {
    this.#put('0\r\n\r\n'.length + trailer, 'framing')
  }

  read(bytes: number): void {
    for (let left = bytes; left > 0 && this.#waiting.length > 0;) {
      const first = this.#waiting[0]!
      const taken = Math.min(left, first.bytes)
      first.bytes -= taken
      left -= taken
      this.bytes -= taken
      if (first.bytes === 0) this.#waiting.shift()
    }
  }

  #put(bytes: number, of: 'head' | 'framing' | 'body'): void {
    this.bytes += bytes
    this.#waiting.push({ bytes, of })
  }

  get loss(): Loss {
    const left = (of: string): number =>
      this.#waiting.reduce((sum, part) => (part.of === of ? sum + part.bytes : sum), 0)
    return { body: left('body'), head: left('head') > 0 }
  }
}

/** Chunks of one size or another, and what is read of the queue behind each of them and behind all. */
const step = record({
  count: integer({ min: 1, max: 1500 }),
  length: integer({ min: 1, max: 300 }),
  meanwhile: oneof(constant(0), integer({ min: 0, max: 300 })),
  left: oneof(constant(0), integer({ min: 0, max: 150 }), integer({ min: 0, max: 200_000 })),
  perCharacter: integer({ min: 1, max: 3 }),
})

test('what a broken response lost is told to the byte, however much was written, read and forgotten', () => {
  assert(
    property(
      array(step, { maxLength: 6, size: 'max' }),
      option(nat({ max: 40 })),
      oneof(constant(0), nat({ max: 5000 })),
      (steps, trailer, readAtLast) => {
        const queue = new Queue(130)
        for (const { count, length, meanwhile, left, perCharacter } of steps) {
          for (let n = 0; n < count; n++) {
            queue.write(1 + ((length * n) % 300), Math.ceil(queue.bytes / perCharacter))
            queue.read(meanwhile)
          }
          queue.read(queue.bytes - left)
        }
        if (trailer !== null) queue.end(trailer)
        queue.read(readAtLast)
        expect(queue.log.loss(queue.bytes, trailer ?? undefined)).toEqual(queue.loss)
      },
    ),
    { numRuns: 300 },
  )
})
