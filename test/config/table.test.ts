import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { table } from '../../src/config/table.ts'
import { root } from '../support/app.ts'
import { readmeSection } from '../support/readme.ts'
import { variablesMarkdown } from '../support/variables.ts'

/** Names and defaults of the protocol, written from it by hand. */
const PROTOCOL: ReadonlyArray<[name: string, fallback: unknown]> = [
  ['PEEKAPI_API_KEY', undefined],
  ['PEEKAPI_ENDPOINT', 'https://ingest.peekapi.dev/v1/events'],
  ['PEEKAPI_FLUSH_INTERVAL', 10_000],
  ['PEEKAPI_BATCH_SIZE', 100],
  ['PEEKAPI_MAX_BUFFER_SIZE', 10_000],
  ['PEEKAPI_MAX_STORAGE_BYTES', 5_242_880],
  ['PEEKAPI_MAX_EVENT_BYTES', 65_536],
  ['PEEKAPI_STORAGE_PATH', undefined],
  ['PEEKAPI_DURABILITY', 'journal'],
  ['PEEKAPI_DEBUG', false],
  ['PEEKAPI_ENABLED', true],
  ['PEEKAPI_COLLECT_QUERY_STRING', false],
  ['PEEKAPI_CONSUMER', []],
  ['PEEKAPI_IGNORE_PATHS', []],
  ['PEEKAPI_DISABLED_FRAMEWORKS', []],
  ['PEEKAPI_NORMALIZE_PATHS', true],
  ['PEEKAPI_METADATA', {}],
  ['PEEKAPI_SHUTDOWN_TIMEOUT', 2000],
  ['PEEKAPI_ALLOW_PRIVATE_ENDPOINT', false],
  ['PEEKAPI_CA_FILE', undefined],
  ['PEEKAPI_WEBSOCKETS', 'handshake'],
  ['PEEKAPI_CONFIG', undefined],
]

test('the table holds every variable of the protocol with its default', () => {
  expect(Object.values(table).map(({ name, fallback }) => [name, fallback])).toEqual(PROTOCOL)
})

test('README shows the table', () => {
  expect(readmeSection('variables')).toBe(variablesMarkdown())
})

/** Read where the variable's name is needed before configuration is loaded. */
const preload = readFileSync(join(root, 'src/preload.ts'), 'utf8')
/** Everything else is read from the parsed configuration, in what is really shipped. */
const deferred = readFileSync(join(root, 'dist/deferred.cjs'), 'utf8')

describe.each(Object.entries(table))('%s', (key, { name }) => {
  const isRead =
    preload.includes(`'${name}'`) || new RegExp(`\\.${key}\\b|[{,]\\s*${key}\\s*[,}]`).test(deferred)

  test('is read by the code', () => {
    expect(isRead).toBe(true)
  })
})
