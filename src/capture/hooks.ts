import { debug, warnOnce } from '../log.ts'
import type { ApiEvent, JsonValue } from '../types/client.ts'
import type { ConfigModule, RequestView } from '../types/index.ts'
import { cut, MAX_PATH_CHARACTERS } from '../limits.ts'
import type { Exchange } from './exchange.ts'
import { pathnameOf } from './paths.ts'

/** Reported in the place of a path that `redactPath` failed to redact: the path itself may be what must not leave. */
const REDACTION_FAILED = '(redaction failed)'

/**
 * Calls the functions of the configuration module. They are the user's: none is ever switched off (a path would go out
 * unredacted), and none can do harm: what they throw is counted and said once, what they return is checked.
 */
export class Hooks {
  readonly #functions: () => ConfigModule
  /** How often each function failed. */
  readonly faults: { [Name in keyof ConfigModule]: number } = {}

  /** @param functions Asked each time: the module may be loaded later than the first request. */
  constructor(functions: () => ConfigModule) {
    this.#functions = functions
  }

  identifyConsumer(exchange: Exchange): string | undefined {
    const { identifyConsumer } = this.#functions()
    if (identifyConsumer === undefined) return undefined
    try {
      const id: unknown = identifyConsumer(viewOf(exchange))
      if (typeof id === 'string') return id
      if (id !== undefined && id !== null) this.#junk('identifyConsumer', 'a string', id)
    } catch (error) {
      this.#fault('identifyConsumer', error)
    }
    return undefined
  }

  onError(error: Error): void {
    try {
      const result: unknown = this.#functions().onError?.(error)
      if (result instanceof Promise) watch(result, (fault) => this.#fault('onError', fault))
    } catch (fault) {
      this.#fault('onError', fault)
    }
  }

  /** The event as it is to be recorded; before and after as JSON. */
  finish(line: string, exchange: Exchange): string {
    const { enrich, redactPath } = this.#functions()
    if (redactPath === undefined && enrich === undefined) return line
    const event = JSON.parse(line) as ApiEvent
    if (redactPath !== undefined) event.path = this.#redacted(event.path, redactPath)
    if (enrich !== undefined) this.#enrich(event, exchange, enrich)
    return JSON.stringify(event)
  }

  #redacted(path: string, redactPath: NonNullable<ConfigModule['redactPath']>): string {
    try {
      const redacted: unknown = redactPath(path)
      if (typeof redacted === 'string' && redacted !== '') return cut(redacted, MAX_PATH_CHARACTERS)
      this.#junk('redactPath', 'a path', redacted)
    } catch (error) {
      this.#fault('redactPath', error)
    }
    return REDACTION_FAILED
  }

  #enrich(event: ApiEvent, exchange: Exchange, enrich: NonNullable<ConfigModule['enrich']>): void {
    try {
      const seen = Object.freeze({ ...event, ...(event.metadata && { metadata: { ...event.metadata } }) })
      const added: unknown = enrich(seen, viewOf(exchange))
      if (added === undefined || added === null) return
      if (typeof added !== 'object' || Array.isArray(added) || added instanceof Promise) {
        return this.#junk('enrich', 'an object', added)
      }
      // Through JSON: a cycle or a BigInt must fail here, not when the batch is made, and later changes must not count.
      const plain = JSON.parse(JSON.stringify(added)) as Record<string, JsonValue>
      event.metadata = { ...event.metadata, ...plain }
    } catch (error) {
      this.#fault('enrich', error)
    }
  }

  #junk(name: keyof ConfigModule, expected: string, value: unknown): void {
    // An async function that rejects would end the application with an unhandled rejection.
    if (value instanceof Promise) watch(value, () => {})
    const kind = value instanceof Promise ? 'a promise' : `a value of type ${typeof value}`
    this.#fault(name, new TypeError(`it returned ${kind} instead of ${expected}`))
  }

  #fault(name: keyof ConfigModule, error: unknown): void {
    this.faults[name] = (this.faults[name] ?? 0) + 1
    debug(() => `${name} of PEEKAPI_CONFIG has failed ${this.faults[name]} times`)
    warnOnce(
      `hook:${name}`,
      `${name} of PEEKAPI_CONFIG failed: ${describe(error)}. Said once; its result is not used`,
    )
  }
}

function watch(promise: Promise<unknown>, onRejection: (fault: unknown) => void): void {
  // eslint-disable-next-line promise/prefer-await-to-then -- Nobody waits for it.
  Promise.prototype.then.call(promise, undefined, onRejection)
}

function viewOf({ request, method, url }: Exchange): RequestView {
  return { headers: request.headers, method, path: pathnameOf(url), socket: request.socket }
}

function describe(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error)
  } catch {
    return 'a value that cannot be printed'
  }
}
