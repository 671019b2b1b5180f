import { table } from '../config/table.ts'
import { UnusableValue, type Parser } from '../config/values.ts'
import type { Client, ClientOptions } from '../types/client.ts'
import { DeliveryClient, type ClientConfig } from './client.ts'
import { checkEndpoint, shownEndpoint } from './endpoint.ts'

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
  const { tlsOptions } = given
  if (tlsOptions !== undefined && (typeof tlsOptions !== 'object' || tlsOptions === null)) {
    throw new TypeError(`PeekApiClient: tlsOptions ${shown(tlsOptions)} is not an object`)
  }
  const config: Partial<Record<keyof ClientConfig, unknown>> = {
    onError,
    tlsOptions,
    environment: process.env,
  }
  for (const name of OPTIONS) config[name] = readOption(name, given[name])
  const { endpoint, allowPrivateEndpoint } = config as ClientConfig
  const verdict = checkEndpoint(endpoint, { allowPrivate: allowPrivateEndpoint })
  if (!verdict.ok) throw new TypeError(`PeekApiClient: endpoint ${shown(endpoint)} ${verdict.reason}`)
  const client = new DeliveryClient(config as ClientConfig)
  client.start()
  return client
}

const OPTIONS = [
  'apiKey',
  'endpoint',
  'allowPrivateEndpoint',
  'caFile',
  'flushInterval',
  'batchSize',
  'maxBufferSize',
  'maxEventBytes',
  'shutdownTimeout',
  'storagePath',
  'maxStorageBytes',
  'durability',
] as const satisfies ReadonlyArray<keyof ClientConfig & keyof typeof table>

/** Options are already in milliseconds and bytes; the variables' parsers take them as text with the unit. */
const UNIT: Readonly<Record<string, string>> = { flushInterval: 'ms', shutdownTimeout: 'ms' }

function readOption(name: (typeof OPTIONS)[number], value: unknown): unknown {
  const { parse, fallback, secret } = table[name]
  if (value === undefined) return fallback
  const type = fallback === undefined ? 'string' : typeof fallback
  try {
    if (typeof value !== type) throw new UnusableValue(`is not a ${type}`)
    return (parse as Parser<unknown>)(`${String(value)}${UNIT[name] ?? ''}`)
  } catch (error) {
    if (!(error instanceof UnusableValue)) throw error
    throw new TypeError(
      `PeekApiClient: ${name}${secret === true ? '' : ` ${shown(value)}`} ${error.message}`,
      {
        cause: error,
      },
    )
  }
}

/** Never a URL's credentials. */
function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(shownEndpoint(value)) : String(value)
}
