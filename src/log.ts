import { writeSync } from 'node:fs'

const PREFIX = '[peekapi]'
const STDERR = 2
/** A message of ours is a line for a person; longer text is somebody's payload. */
const MAX_LINE_CHARACTERS = 1000

const said = new Set<string>()
let debugging = false

export function setDebug(on: boolean): void {
  debugging = on
}

/** One line on stderr, once per process for each `topic`: a warning repeated is a warning ignored. */
export function warnOnce(topic: string, message: string): void {
  if (said.has(topic)) return
  said.add(topic)
  print(message)
}

/** One line on stderr if `PEEKAPI_DEBUG` asks for it. The message is only built when it is wanted. */
export function debug(message: () => string): void {
  if (debugging) print(message())
}

/**
 * Written with `writeSync`, not `process.stderr`: touching that getter builds a stream
 * in the application's process, and what is left in it is lost when the process dies.
 */
function print(message: string): void {
  try {
    writeSync(STDERR, `${PREFIX} ${message.replaceAll(/[\r\n]+/g, ' ').slice(0, MAX_LINE_CHARACTERS)}\n`)
  } catch {
    // A closed or full stderr is the application's matter, not ours to report.
  }
}
