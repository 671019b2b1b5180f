import { describe, expect, test } from 'vitest'
import { parseEnvironment } from '../../src/config/parse.ts'
import type { Config } from '../../src/config/config.ts'

function parsed(name: string, value: string): { config: Config; complaints: readonly string[] } {
  return parseEnvironment({ PEEKAPI_API_KEY: 'k', [name]: value })
}

describe('accepted values', () => {
  test.each<[name: string, value: string, key: keyof Config, result: unknown]>([
    ['PEEKAPI_FLUSH_INTERVAL', '10', 'flushInterval', 10_000],
    ['PEEKAPI_FLUSH_INTERVAL', '500ms', 'flushInterval', 500],
    ['PEEKAPI_FLUSH_INTERVAL', '0.5', 'flushInterval', 500],
    ['PEEKAPI_FLUSH_INTERVAL', ' 2 S ', 'flushInterval', 2000],
    ['PEEKAPI_FLUSH_INTERVAL', '1m', 'flushInterval', 60_000],
    ['PEEKAPI_FLUSH_INTERVAL', '100ms', 'flushInterval', 100],
    ['PEEKAPI_FLUSH_INTERVAL', '600', 'flushInterval', 600_000],
    ['PEEKAPI_SHUTDOWN_TIMEOUT', '0', 'shutdownTimeout', 0],
    ['PEEKAPI_BATCH_SIZE', '1', 'batchSize', 1],
    ['PEEKAPI_BATCH_SIZE', '10000', 'batchSize', 10_000],
    ['PEEKAPI_MAX_BUFFER_SIZE', '1000000', 'maxBufferSize', 1_000_000],
    ['PEEKAPI_MAX_STORAGE_BYTES', '5MB', 'maxStorageBytes', 5_000_000],
    ['PEEKAPI_MAX_STORAGE_BYTES', '64KiB', 'maxStorageBytes', 65_536],
    ['PEEKAPI_MAX_STORAGE_BYTES', '65536', 'maxStorageBytes', 65_536],
    ['PEEKAPI_MAX_EVENT_BYTES', '1024', 'maxEventBytes', 1024],
    ['PEEKAPI_DURABILITY', 'Memory', 'durability', 'memory'],
    ['PEEKAPI_DEBUG', 'on', 'debug', true],
    ['PEEKAPI_DEBUG', 'NO', 'debug', false],
    ['PEEKAPI_IGNORE_PATHS', ' /health , ,/internal/* ', 'ignorePaths', ['/health', '/internal/*']],
    ['PEEKAPI_METADATA', 'team=core, region = eu=west', 'metadata', { team: 'core', region: 'eu=west' }],
    ['PEEKAPI_STORAGE_PATH', 'none', 'storagePath', 'none'],
  ])('%s=%j', (name, value, key, result) => {
    const { config, complaints } = parsed(name, value)
    expect(complaints).toEqual([])
    expect(config[key]).toEqual(result)
  })
})

describe('values that cannot be used are named with their reason and the default', () => {
  test.each([
    ['PEEKAPI_FLUSH_INTERVAL', '99ms'],
    ['PEEKAPI_FLUSH_INTERVAL', '601'],
    ['PEEKAPI_FLUSH_INTERVAL', '-1'],
    ['PEEKAPI_FLUSH_INTERVAL', '1e99'],
    ['PEEKAPI_FLUSH_INTERVAL', 'soon'],
    ['PEEKAPI_BATCH_SIZE', '0'],
    ['PEEKAPI_BATCH_SIZE', '10001'],
    ['PEEKAPI_BATCH_SIZE', '1.5'],
    ['PEEKAPI_MAX_BUFFER_SIZE', '1000001'],
    ['PEEKAPI_MAX_STORAGE_BYTES', '65535'],
    ['PEEKAPI_MAX_STORAGE_BYTES', '5 bananas'],
    ['PEEKAPI_MAX_EVENT_BYTES', '1023'],
    ['PEEKAPI_MAX_EVENT_BYTES', '1048577'],
    ['PEEKAPI_DURABILITY', 'forever'],
    ['PEEKAPI_DEBUG', 'maybe'],
    ['PEEKAPI_METADATA', 'team'],
    ['PEEKAPI_SHUTDOWN_TIMEOUT', '301'],
    ['PEEKAPI_CONSUMER', 'telepathy:mind'],
  ])('%s=%j', (name, value) => {
    const { config, complaints } = parsed(name, value)
    expect(complaints).toHaveLength(1)
    expect(complaints[0]).toContain(name)
    expect(complaints[0]).toContain(`"${value}"`)
    expect(complaints[0]).toContain('using the default')
    expect(config).toEqual(parseEnvironment({ PEEKAPI_API_KEY: 'k' }).config)
  })

  test('but a secret is never quoted', () => {
    const { complaints } = parsed('PEEKAPI_API_KEY', 'secret\r\nx-evil: 1')
    expect(complaints).toHaveLength(1)
    expect(complaints[0]).toContain('PEEKAPI_API_KEY')
    expect(complaints[0]).not.toContain('secret')
  })
})

test('an empty value is no value', () => {
  expect(parsed('PEEKAPI_BATCH_SIZE', ' ').complaints).toEqual([])
})

test.each([
  ['PEEKAPI_APIKEY', 'PEEKAPI_API_KEY'],
  ['PEEKAPI_FLUSH_INTERVALL', 'PEEKAPI_FLUSH_INTERVAL'],
  ['PEEKAPI_STORAGE', 'PEEKAPI_STORAGE_PATH'],
])('the unknown %s is answered with %s', (name, meant) => {
  const { complaints } = parsed(name, '1')
  expect(complaints).toHaveLength(1)
  expect(complaints[0]).toContain(name)
  expect(complaints[0]).toContain(`did you mean ${meant}?`)
})

describe('metadata from OpenTelemetry', () => {
  const otel = {
    OTEL_SERVICE_NAME: 'shop',
    OTEL_RESOURCE_ATTRIBUTES: 'service.version=1.2.3,deployment.environment.name=pro%20d,host.name=h',
  }

  test('is taken where ours says nothing', () => {
    expect(parseEnvironment(otel).config.metadata).toEqual({
      service: 'shop',
      version: '1.2.3',
      environment: 'pro d',
    })
  })

  test('gives way to ours', () => {
    const { config } = parseEnvironment({ ...otel, PEEKAPI_METADATA: 'service=own' })
    expect(config.metadata).toEqual({ service: 'own', version: '1.2.3', environment: 'pro d' })
  })
})
