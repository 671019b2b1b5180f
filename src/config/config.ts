import type { ConsumerSource } from './consumer-sources.ts'

/** Everything that can be configured, in the units the code uses: milliseconds and bytes. */
export interface Config {
  apiKey: string | undefined
  endpoint: string
  flushInterval: number
  batchSize: number
  maxBufferSize: number
  maxStorageBytes: number
  maxEventBytes: number
  /** `undefined`: the private default directory. `none`: no disk. */
  storagePath: string | undefined
  durability: 'journal' | 'memory'
  debug: boolean
  enabled: boolean
  collectQueryString: boolean
  /** Empty: the default of consumer.ts. */
  consumer: readonly ConsumerSource[]
  ignorePaths: readonly string[]
  disabledFrameworks: readonly string[]
  normalizePaths: boolean
  metadata: Readonly<Record<string, string>>
  shutdownTimeout: number
  allowPrivateEndpoint: boolean
  caFile: string | undefined
  configModule: string | undefined
  websockets: 'handshake' | 'full'
}
