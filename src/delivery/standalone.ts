import { table } from '../config/table.ts'
import type { Client, ClientOptions } from '../types/client.ts'
import { DeliveryClient } from './client.ts'

/** A client of the program's own, by options instead of variables. It watches neither servers nor signals. */
export function createClient(options: ClientOptions): Client {
  if (typeof options?.apiKey !== 'string' || options.apiKey.trim() === '') {
    throw new TypeError('PeekApiClient: apiKey must be a non-empty string')
  }
  return new DeliveryClient({
    apiKey: options.apiKey,
    endpoint: options.endpoint ?? table.endpoint.fallback,
    flushInterval: options.flushInterval ?? table.flushInterval.fallback,
    batchSize: options.batchSize ?? table.batchSize.fallback,
    maxBufferSize: options.maxBufferSize ?? table.maxBufferSize.fallback,
    maxEventBytes: options.maxEventBytes ?? table.maxEventBytes.fallback,
    shutdownTimeout: options.shutdownTimeout ?? table.shutdownTimeout.fallback,
    onError: options.onError,
  })
}
