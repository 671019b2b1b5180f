import type { AsyncLocalStorage } from 'node:async_hooks'
import type { ClientRequest, RequestOptions } from 'node:http'
import { builtin } from '../builtin.ts'

type AsyncHooks = typeof import('node:async_hooks')
type HttpModule = typeof import('node:http')
type Run = ReturnType<typeof AsyncLocalStorage.snapshot>

/** Of OpenTelemetry's API, as much as its own exporters use to stay out of their own traces. */
interface OpenTelemetry {
  readonly context?: {
    active(): { setValue(key: symbol, value: unknown): unknown }
    with<Result>(context: unknown, run: () => Result): Result
  }
}

const API = Symbol.for('opentelemetry.js.api.1')
const SUPPRESS_TRACING = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING')

/** The context in which this file is loaded: that of no request. */
const outside: Run = builtin<AsyncHooks>('node:async_hooks').AsyncLocalStorage.snapshot()

/**
 * Runs what we do on our own account outside of the request that made us do it. Its trace would show our delivery, and
 * what it keeps in AsyncLocalStorage would live as long as our connections.
 */
export function untraced<Result>(run: () => Result): Result {
  return outside(suppressing, run) as Result
}

function suppressing<Result>(run: () => Result): Result {
  const manager = (globalThis as { [API]?: OpenTelemetry })[API]?.context
  if (manager === undefined) return run()
  return manager.with(manager.active().setValue(SUPPRESS_TRACING, true), run)
}

/**
 * A request of the class behind `http.request()` and `https.request()`. Tracing agents wrap those two, and would show each
 * delivery among the outgoing requests of the application, and send it with a trace's headers.
 *
 * @param options With protocol and agent of either kind.
 */
export function openRequest(
  options: RequestOptions & { readonly agent: NonNullable<RequestOptions['agent']> },
): ClientRequest {
  const { ClientRequest } = builtin<HttpModule>('node:http')
  return new ClientRequest(options)
}
