import { table } from '../config/table.ts'
import { UnusableValue, type Parser } from '../config/values.ts'
import type { Client, ClientOptions } from '../types/client.ts'
import { DeliveryClient, type ClientConfig } from './client.ts'

/** A client of the program's own, by options instead of variables. It watches neither servers nor signals. */
export function createClient(options: ClientOptions): Client {
  const given: Readonly<Record<string, unknown>> = { ...options }
  if (typeof given['apiKey'] !== 'string' || given['apiKey'].trim() === '') {
    throw new TypeError('PeekApiClient: apiKey must be a non-empty string')
  }
  const { onError } = given
  if (onError !== undefined && typeof onError !== 'function') {
    throw new TypeError(`PeekApiClient: onError ${JSON.stringify(onError)} is not a function`)
  }
  const config: Partial<Record<keyof ClientConfig, unknown>> = { onError }
  for (const name of OPTIONS) config[name] = readOption(name, given[name])
  return new DeliveryClient(config as ClientConfig)
}

const OPTIONS = [
  'apiKey',
  'endpoint',
  'flushInterval',
  'batchSize',
  'maxBufferSize',
  'maxEventBytes',
  'shutdownTimeout',
  'durability',
] as const satisfies ReadonlyArray<keyof ClientConfig & keyof typeof table>

/** Options are already in milliseconds and bytes; the variables' parsers take them as text with the unit. */
const UNIT: Readonly<Record<string, string>> = { flushInterval: 'ms', shutdownTimeout: 'ms' }

function readOption(name: (typeof OPTIONS)[number], value: unknown): unknown {
  const { parse, fallback, secret } = table[name]
  if (value === undefined) return fallback
  const isNumber = typeof fallback === 'number'
  try {
    if (typeof value !== (isNumber ? 'number' : 'string'))
      throw new UnusableValue(`is not a ${isNumber ? 'number' : 'string'}`)
    return (parse as Parser<unknown>)(`${String(value)}${UNIT[name] ?? ''}`)
  } catch (error) {
    if (!(error instanceof UnusableValue)) throw error
    throw new TypeError(`PeekApiClient: ${name}${secret ? '' : ` ${shown(value)}`} ${error.message}`, {
      cause: error,
    })
  }
}

/** Never a URL's credentials. */
function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.replace(/\/\/[^/]*@/, '//…@')) : String(value)
}
