import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exchangeOver, TRANSPORTS } from '../../support/http2-stage.ts'
import { Stage } from '../../support/stage.ts'

const directory = mkdtempSync(join(tmpdir(), 'peekapi-http2-'))
const FILE = join(directory, 'file')

let stage: Stage
beforeAll(async () => {
  writeFileSync(FILE, Buffer.alloc(300_000, 'x'))
  stage = await Stage.open()
})
afterAll(async () => {
  await stage.close()
  rmSync(directory, { recursive: true })
})

describe.concurrent.each(TRANSPORTS)('the stream API over $transport', ({ scheme }) => {
  let origin: string
  beforeAll(async () => {
    const app = await stage.serve({
      file: 'fixtures/http2/streams.cjs',
      env: { FILE, ...(scheme === 'https' && stage.tls) },
    })
    origin = `${scheme}://127.0.0.1:${app.port}`
  })

  test.each([
    '/text',
    '/latin',
    '/status',
    '/chunks',
    '/piped',
    '/large',
    '/empty',
    '/none',
    '/unchanged',
    '/missing',
    '/early',
    '/trailers',
    '/file',
    '/range',
    '/no-file',
    '/descriptor',
    '/push',
    '/slow',
    '/nowhere',
    '/session-close',
    '/session-goaway',
  ])('%s: what the client saw', async (path) => {
    const { event, reply } = await exchangeOver(stage, origin, path)
    expect(event).toMatchObject({
      method: 'GET',
      path,
      status_code: reply.status,
      request_size: 0,
      response_size: reply.body.byteLength,
    })
    expect(event.metadata).toMatchObject({ protocol: 'h2' })
    expect(event.response_time_ms).toBeGreaterThanOrEqual(0)
    expect(event.metadata).not.toHaveProperty('outcome')
  })

  test.each(['/status', '/none', '/trailers'])('HEAD %s has no body', async (path) => {
    const { event, reply } = await exchangeOver(stage, origin, path, { method: 'HEAD' })
    expect(reply.body.byteLength).toBe(0)
    expect(event).toMatchObject({ method: 'HEAD', path, status_code: reply.status, response_size: 0 })
    expect(event.metadata).not.toHaveProperty('outcome')
  })

  test('answers that are more than a head and a body arrive as they are, and count as body alone', async () => {
    expect((await exchangeOver(stage, origin, '/early')).reply.informational).toEqual([103])
    expect((await exchangeOver(stage, origin, '/trailers')).reply.trailers).toMatchObject({ checksum: 'abc' })
    expect((await exchangeOver(stage, origin, '/push')).reply.pushed).toEqual([
      { path: '/pushed', body: 'pushed body' },
    ])
    expect(stage.ingest.events.filter(({ path }) => path === '/pushed')).toEqual([])
  })

  test.each(['/read', '/unread'])('%s: uploads count, read or not', async (path) => {
    const { event, reply } = await exchangeOver(stage, origin, path, {
      method: 'POST',
      body: Buffer.alloc(40_000),
    })
    expect(reply.status).toBe(200)
    expect(event).toMatchObject({
      method: 'POST',
      request_size: 40_000,
      response_size: reply.body.byteLength,
    })
    expect(event.metadata).not.toHaveProperty('outcome')
  })

  test.each(['/slow', '/head-first', '/corked-first'])(
    '%s: the total and the time to its head',
    async (path) => {
      const { event } = await exchangeOver(stage, origin, path)
      expect(event.response_time_ms).toBeGreaterThanOrEqual(55)
      expect(event.metadata!['ttfb_ms']).toBeLessThan(event.response_time_ms - 40)
    },
  )

  test('a file that is read slowly: the total and the time to its head', async () => {
    const { event, reply } = await exchangeOver(stage, origin, '/file', {
      meddle: (stream) => {
        stream.on('response', () => {
          stream.pause()
          setTimeout(() => stream.resume(), 60)
        })
      },
    })
    expect(event.response_size).toBe(reply.body.byteLength)
    expect(event.metadata!['ttfb_ms']).toBeLessThan(event.response_time_ms - 30)
  })

  test('the rest of a request that comes behind its answer is no part of the time', async () => {
    const { event } = await exchangeOver(stage, origin, '/answered-early', {
      method: 'POST',
      meddle: (stream) => {
        stream.write('half')
        stream.on('end', () => setTimeout(() => stream.end('half'), 500))
      },
    })
    expect(event).toMatchObject({ status_code: 200, request_size: 8 })
    expect(event.response_time_ms).toBeLessThan(450)
  })

  test('trailers that come late are part of the answer', async () => {
    expect((await exchangeOver(stage, origin, '/trailers')).event.response_time_ms).toBeGreaterThanOrEqual(25)
  })

  test('neither query nor trace context get lost or leak', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const { event } = await exchangeOver(stage, origin, '/text?token=secret', { headers: { traceparent } })
    expect(JSON.stringify(event)).not.toContain('secret')
    expect(event.metadata).toMatchObject({ trace_id: '0af7651916cd43dd8448eb211c80319c' })
  })
})
