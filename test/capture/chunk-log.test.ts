import { array, assert, double, integer, nat, option, property, record } from 'fast-check'
import { expect, test } from 'vitest'
import { ChunkLog, type Loss } from '../../src/capture/chunk-log.ts'

/** A queue to a reader, byte by byte as Node fills it: what is left in it is what is lost. */
class Queue {
  readonly log: ChunkLog = new ChunkLog()
  /** Lengths of what waits: head or framing, and bodies. */
  readonly #waiting: Array<{ bytes: number; readonly of: 'head' | 'framing' | 'body' }> = []

  constructor(head: number) {
    this.#waiting.push({ bytes: head, of: 'head' })
  }

  get bytes(): number {
    return this.#waiting.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** @param seen How much of what waits Node tells: it counts strings by characters. */
  write(length: number, seen: number): void {
    this.log.add(length, seen)
    this.#waiting.push({ bytes: length.toString(16).length + 2, of: 'framing' })
    this.#waiting.push({ bytes: length, of: 'body' }, { bytes: 2, of: 'framing' })
  }

  end(trailer: number): void {
    this.#waiting.push({ bytes: '0\r\n\r\n'.length + trailer, of: 'framing' })
  }

  read(bytes: number): void {
    for (let left = bytes; left > 0 && this.#waiting.length > 0;) {
      const first = this.#waiting[0]!
      const taken = Math.min(left, first.bytes)
      first.bytes -= taken
      left -= taken
      if (first.bytes === 0) this.#waiting.shift()
    }
  }

  get loss(): Loss {
    const left = (of: string): number =>
      this.#waiting.reduce((sum, part) => (part.of === of ? sum + part.bytes : sum), 0)
    return { body: left('body'), head: left('head') > 0 }
  }
}

const step = record({
  lengths: array(integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 900 }),
  share: double({ min: 0, max: 1, noNaN: true }),
  perCharacter: integer({ min: 1, max: 3 }),
})

test('what a broken response lost is told to the byte, however much was written, read and forgotten', () => {
  assert(
    property(
      array(step, { maxLength: 6 }),
      option(nat({ max: 40 })),
      nat({ max: 200_000 }),
      (steps, trailer, readAtLast) => {
        const queue = new Queue(130)
        for (const { lengths, share, perCharacter } of steps) {
          for (const length of lengths) queue.write(length, Math.ceil(queue.bytes / perCharacter))
          queue.read(Math.floor(queue.bytes * share))
        }
        if (trailer !== null) queue.end(trailer)
        queue.read(readAtLast)
        expect(queue.log.loss(queue.bytes, trailer ?? undefined)).toEqual(queue.loss)
      },
    ),
    { numRuns: 60 },
  )
})
