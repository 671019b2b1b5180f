import type { Socket } from 'node:net'
import { Guard } from '../guard.ts'
import { shadow } from './shadow.ts'

type Write = (this: Socket, chunk?: unknown, encoding?: unknown) => unknown

/** What is written to a connection, and whether that ends it. */
type Written = (chunk: unknown, encoding: unknown, ends: boolean) => void

const guard = new Guard('connection capture')

/** Tells what is written to a connection, by whomever, until the function that it gives is called. */
export function onWrites(socket: Socket, written: Written): () => void {
  const telling =
    (ends: boolean) =>
    (original: Write): Write =>
      function (this: Socket, chunk?: unknown, encoding?: unknown): unknown {
        try {
          written(chunk, encoding, ends)
        } catch (fault) {
          guard.fault(fault)
        }
        return Reflect.apply(original, this, arguments)
      }
  const methods = socket as unknown as { write: Write; end: Write }
  const restore = [shadow(methods, 'write', telling(false)), shadow(methods, 'end', telling(true))]
  return () => {
    for (const undo of restore) undo()
  }
}

/**
 * Tells what is written to a connection next, by whomever. For the rare answers that no response stands for;
 * the two properties that do it are gone with the first call.
 */
export function onFirstWrite(socket: Socket, taken: (chunk: unknown, encoding: unknown) => void): void {
  let first = true
  const stop = onWrites(socket, (chunk, encoding) => {
    if (!first) return
    first = false
    stop()
    taken(chunk, encoding)
  })
}
