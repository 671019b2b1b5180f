import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askHttp2, type Http2Ask } from '../../support/http2-client.ts'
import { exchangeOver } from '../../support/http2-stage.ts'
import { Stage } from '../../support/stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await Stage.open()
})
afterAll(() => stage.close())

describe('tunnels', () => {
  const echoing: Http2Ask = {
    method: 'CONNECT',
    meddle: (stream) => {
      stream.on('response', () => stream.write('hello'))
      stream.on('data', () => stream.end())
    },
  }

  test('CONNECT is over when it is accepted, and may be refused', async () => {
    const app = await stage.serve({ file: 'fixtures/http2/tunnels.cjs' })
    const accepted = await exchangeOver(stage, app.origin, undefined, {
      ...echoing,
      headers: { ':authority': 'example.com:443' },
    })
    expect(accepted.reply.body.toString()).toBe('hello')
    expect(accepted.event).toMatchObject({
      method: 'CONNECT',
      path: '/{authority}',
      status_code: 200,
      request_size: 0,
      response_size: 0,
      metadata: { outcome: 'upgraded', protocol: 'h2' },
    })
    // From the head of the request to that of the answer, however long the tunnel lives.
    expect(accepted.event.response_time_ms).toBeGreaterThanOrEqual(0)
    await askHttp2(app.origin, undefined, { ...echoing, headers: { ':authority': 'named:443' } })
    expect(await stage.eventOf('named behind the answer')).toMatchObject({ method: 'CONNECT' })
    const refused = await exchangeOver(stage, app.origin, undefined, {
      method: 'CONNECT',
      headers: { ':authority': 'refused:443' },
    })
    expect(refused.event).toMatchObject({ status_code: 403 })
    expect(refused.event.metadata).not.toHaveProperty('outcome')
  })

  test('a WebSocket, with the end of its stream by PEEKAPI_WEBSOCKETS=full', async () => {
    const app = await stage.serve({ file: 'fixtures/http2/tunnels.cjs', env: { PEEKAPI_WEBSOCKETS: 'full' } })
    const name = 'websocket over http2'
    const reply = await askHttp2(app.origin, '/chat/42', {
      ...echoing,
      headers: { ':protocol': 'websocket', 'x-api-key': name },
    })
    expect(reply.body.toString()).toBe('hello')
    const [handshake, end] = await stage.eventsOf(name, 2)
    const common = { path: '/chat/{id}', status_code: 200, request_size: 0, response_size: 0 }
    expect(handshake).toMatchObject({ ...common, metadata: { outcome: 'upgraded', protocol: 'websocket' } })
    expect(end).toMatchObject({
      ...common,
      metadata: { outcome: 'closed', protocol: 'websocket', bytes_received: 5, bytes_sent: 5 },
    })
  })
})
