import type { Socket } from 'node:net'
import { Guard } from '../guard.ts'

type Write = (this: Socket, chunk?: unknown, encoding?: unknown) => unknown

const guard = new Guard('connection capture')

/**
 * Tells what is written to a connection next, by whomever. For the rare answers that no response stands for;
 * the two properties that do it are gone with the first call.
 */
export function onFirstWrite(socket: Socket, taken: (chunk: unknown, encoding: unknown) => void): void {
  const restore = [shadow(socket, 'write', report), shadow(socket, 'end', report)]
  function report(chunk: unknown, encoding: unknown): void {
    for (const undo of restore) undo()
    try {
      taken(chunk, encoding)
    } catch (fault) {
      guard.fault(fault)
    }
  }
}

function shadow(
  socket: Socket,
  name: 'write' | 'end',
  report: (chunk: unknown, encoding: unknown) => void,
): () => void {
  const own = Object.getOwnPropertyDescriptor(socket, name)
  const original = socket[name] as Write
  const value: Write = function (this: Socket, chunk?: unknown, encoding?: unknown): unknown {
    report(chunk, encoding)
    return Reflect.apply(original, this, arguments)
  }
  Object.defineProperty(socket, name, { value, configurable: true, writable: true, enumerable: false })
  return () => {
    if (socket[name] !== value) return
    if (own === undefined) delete (socket as Partial<Socket>)[name]
    else Object.defineProperty(socket, name, own)
  }
}
