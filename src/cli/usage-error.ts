import { nearest } from '../config/nearest.ts'

/** What the user typed cannot be run. One line says why; the process ends with 2, as shells and POSIX tools do. */
export class UsageError extends Error {}

export function unknown(kind: 'command' | 'option', name: string, known: readonly string[]): UsageError {
  return new UsageError(`unknown ${kind} ${name}; did you mean ${nearest(name, known)}?`)
}
