import { request } from 'node:https'
import { constants } from 'node:http2'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { App } from '../../support/app.ts'
import { exchangeOver, TRANSPORTS } from '../../support/http2-stage.ts'
import { Stage } from '../../support/stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await Stage.open()
})
afterAll(() => stage.close())

describe.concurrent.each(TRANSPORTS)('the compatibility API over $transport', ({ scheme }) => {
  let app: App
  let origin: string
  beforeAll(async () => {
    app = await stage.serve({
      file: 'fixtures/http2/compatible.cjs',
      env: scheme === 'https' ? stage.tls : {},
    })
    origin = `${scheme}://127.0.0.1:${app.port}`
  })

  test.each([
    '/text',
    '/latin',
    '/wide',
    '/hex',
    '/base',
    '/mixed',
    '/buffer',
    '/bytes',
    '/empty',
    '/nothing',
    '/callback',
    '/chunks',
    '/big',
    '/many',
    '/length',
    '/corked',
    '/flushed',
    '/trailers',
    '/piped',
    '/pipeline',
    '/promised',
    '/file-gzip',
    '/brotli',
    '/web',
    '/from-web',
    '/compressed',
    '/none',
    '/unchanged',
    '/missing',
    '/late-status',
    '/twice',
  ])('%s: what the client saw, once', async (path) => {
    const { event, reply } = await exchangeOver(stage, origin, path)
    expect(event).toMatchObject({
      method: 'GET',
      path,
      status_code: reply.status,
      request_size: 0,
      response_size: reply.body.byteLength,
      metadata: { protocol: 'h2' },
    })
    expect(event.metadata).not.toHaveProperty('outcome')
  })

  test('HEAD, uploads, and an upload that waits to be asked for', async () => {
    const head = await exchangeOver(stage, origin, '/text', { method: 'HEAD' })
    expect(head.event).toMatchObject({ method: 'HEAD', status_code: 200, response_size: 0 })
    const upload = await exchangeOver(stage, origin, '/read', { method: 'POST', body: 'grüße' })
    expect(upload.event).toMatchObject({ request_size: 7, response_size: upload.reply.body.byteLength })
    const asking = await exchangeOver(stage, origin, '/read', {
      method: 'POST',
      body: 'grüße',
      headers: { expect: '100-continue' },
    })
    expect(asking.reply.informational).toEqual([100])
    expect(asking.event).toMatchObject({ status_code: 200, request_size: 7 })
  })

  test('an expectation that Node refuses by itself', async () => {
    const { event, reply } = await exchangeOver(stage, origin, '/text', { headers: { expect: 'miracles' } })
    expect(reply.status).toBe(417)
    expect(event).toMatchObject({ status_code: 417, response_size: 0 })
  })

  test('the client leaves', async () => {
    const early = await exchangeOver(stage, origin, '/never', {
      meddle: (stream) =>
        void stream.on('ready', () => setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), 30)),
    })
    expect(early.event).toMatchObject({ status_code: 499, metadata: { outcome: 'aborted' } })
    const late = await exchangeOver(stage, origin, '/endless', {
      meddle: (stream) => void stream.once('data', () => stream.close(constants.NGHTTP2_CANCEL)),
    })
    expect(late.event).toMatchObject({ status_code: 200, metadata: { outcome: 'aborted' } })
    expect(late.event.response_size).toBeGreaterThanOrEqual(late.reply.body.byteLength)
  })

  test.runIf(scheme === 'https')('clients of HTTP/1 are served and captured as such', async () => {
    await new Promise((resolve, reject) => {
      request(
        {
          port: app.port,
          host: '127.0.0.1',
          path: '/text',
          ca: stage.authority.pem,
          agent: false,
          headers: { 'x-api-key': 'over http/1' },
        },
        (response) => response.resume().on('end', resolve),
      )
        .on('error', reject)
        .end()
    })
    const event = await stage.eventOf('over http/1')
    expect(event).toMatchObject({
      path: '/text',
      status_code: 200,
      response_size: Buffer.byteLength('grüße, größe, maß '),
    })
    expect(event.metadata ?? {}).not.toHaveProperty('protocol')
  })
})
