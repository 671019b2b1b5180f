import { afterAll, beforeAll, expect, test } from 'vitest'
import type { App } from '../support/app.ts'
import { RawClient } from '../support/raw-client.ts'
import { Stage } from '../support/stage.ts'
import { until } from '../support/until.ts'

let stage: Stage
let app: App
beforeAll(async () => {
  stage = await Stage.open()
  app = await stage.serve({ file: 'fixtures/compression/app.cjs' })
  await until(
    () => app.ports.length === 2,
    () => 'both servers',
  )
})
afterAll(() => stage.close())

const PLAIN = ''
const GZIP = 'accept-encoding: gzip\r\n'
const BROTLI = 'accept-encoding: br\r\n'
const RANGE = 'range: bytes=100-20099\r\n'

test.each([
  ['Express', '/text', PLAIN, undefined],
  ['Express', '/text', GZIP, 'gzip'],
  ['Express', '/text', BROTLI, 'br'],
  ['Express', '/stream', GZIP, 'gzip'],
  ['Express', '/pieces', GZIP, 'gzip'],
  ['Express', '/compressed-file', GZIP, 'gzip'],
  ['Express', '/file', PLAIN, undefined],
  ['Express', '/file', RANGE, undefined],
  ['Fastify', '/text', PLAIN, undefined],
  ['Fastify', '/text', GZIP, 'gzip'],
  ['Fastify', '/text', BROTLI, 'br'],
  ['Fastify', '/stream', GZIP, 'gzip'],
  ['Fastify', '/file', PLAIN, undefined],
  ['Fastify', '/file', RANGE, undefined],
] as const)('%s %s with "%s": the size is that of the wire', async (framework, path, header, encoding) => {
  const name = stage.newName()
  const client = new RawClient({ port: app.ports[framework === 'Express' ? 0 : 1]!, host: '127.0.0.1' })
  client.send(`GET ${path} HTTP/1.1\r\nhost: a\r\nx-api-key: ${name}\r\nconnection: close\r\n${header}\r\n`)
  const wire = (await client.answer())!
  expect(/\r\ncontent-encoding: (\w+)/i.exec(wire.head)?.[1]).toBe(encoding)
  expect(wire.status).toBe(header === RANGE ? 206 : 200)
  expect(wire.bodyBytes).toBeGreaterThan(0)
  const event = await stage.eventOf(name)
  expect(event).toMatchObject({ path, status_code: wire.status, response_size: wire.bodyBytes })
  expect(event.metadata).not.toHaveProperty('outcome')
})
