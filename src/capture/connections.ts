import { builtin } from '../builtin.ts'
import { Guard } from '../guard.ts'
import { wrapMethod } from '../wrap.ts'
import { exchangeOf } from './exchange.ts'
import { http1ExchangeOf } from './http1-exchange.ts'
import { settle } from './open-exchanges.ts'
import { UpgradeExchange } from './upgrade.ts'
import { settleAnswered } from './uploads.ts'
import type { Connection } from './wire.ts'

type Destroy = (this: Connection, error: unknown, callback: unknown) => unknown

const guard = new Guard('connection capture')

/**
 * Errors that connections broke by. One that breaks a second connection was handed on to it, as proxies do, and tells
 * of the first.
 */
const befallen = new WeakSet<object>()

/**
 * Sees connections break. `close` would be too late: by then what was waiting to be sent is forgotten, and with
 * it how much was. Clients' connections pass here too, and carry no exchange.
 */
export function watchConnections(): void {
  const { Socket } = builtin<typeof import('node:net')>('node:net')
  wrapMethod<Destroy>(
    Socket.prototype,
    '_destroy',
    (destroy) =>
      function (this: Connection, error: unknown): unknown {
        if (guard.active) {
          try {
            breakOff(this, error)
          } catch (fault) {
            guard.fault(fault)
          }
        }
        return Reflect.apply(destroy, this, arguments)
      },
  )
}

function breakOff(connection: Connection, reason: unknown): void {
  const error = ownError(reason)
  const upgrade = exchangeOf(connection)
  if (upgrade instanceof UpgradeExchange) return upgrade.close(hasLeft(connection, NO_RESPONSE, error))
  const response = connection._httpMessage
  if (response) {
    let exchange = http1ExchangeOf(response)
    const outcome =
      exchange !== undefined && hasLeft(connection, exchange.response, error) ? 'aborted' : 'error'
    exchange?.breakOff(outcome, connection)
    // Their responses have no connection yet and do not hear that it is gone.
    while ((exchange = exchange?.behind) !== undefined) {
      exchange.breakOff(outcome, null)
      settle(exchange)
    }
  }
  settleAnswered((connection.parser as { incoming?: object } | null | undefined)?.incoming)
}

const NO_RESPONSE = { destroyed: false }

/** Whether the client left; otherwise this side closes the connection. */
function hasLeft(
  connection: Connection,
  response: { destroyed: boolean },
  error: SystemError | undefined,
): boolean {
  if (response.destroyed) return false
  // Also where its end waits behind bytes that nobody has read.
  return (
    error?.syscall !== undefined ||
    (connection as { _readableState?: { ended?: boolean } })._readableState?.ended === true
  )
}

/** Errors from the system name their call. */
interface SystemError {
  readonly syscall?: unknown
}

function ownError(error: unknown): SystemError | undefined {
  if (typeof error !== 'object' || error === null || befallen.has(error)) return undefined
  befallen.add(error)
  return error
}
