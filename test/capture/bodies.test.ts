import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chunked, Subject } from '../support/subject.ts'

let subject: Subject
beforeAll(async () => {
  subject = await Subject.start({ file: 'fixtures/http/bodies.cjs' })
})
afterAll(() => subject.stop())

describe('statuses and sizes of responses are those of the wire', () => {
  test.each([
    ['/text', 200, 23],
    ['/latin', 200, 18],
    ['/binary', 200, 18],
    ['/ascii', 200, 18],
    ['/wide', 200, 36],
    ['/hex', 200, 23],
    ['/base', 200, 23],
    ['/base-url', 200, 23],
    ['/mixed', 200, 36 + 23 + 300 + 5 + 23],
    ['/buffer', 200, 1000],
    ['/bytes', 200, 7],
    ['/empty', 200, 0],
    ['/nothing', 200, 0],
    ['/callback', 200, 0],
    ['/chunks', 200, 11],
    ['/big', 200, 5_000_000],
    ['/many', 200, 75 * 780 * 6],
    ['/length', 200, 5],
    ['/raw-head', 201, 3],
    ['/reason', 299, 2],
    ['/too-long', 200, 12],
    ['/strict', 200, 3],
    ['/wrong-type', 200, 6],
    ['/corked', 200, 15],
    ['/socket-corked', 200, 6],
    ['/flushed', 200, 4],
    ['/trailers', 200, 4],
    ['/early-hints', 200, 6],
    ['/piped', 200, 15_000],
    ['/from-web', 200, 100_000],
    ['/to-web', 200, 100_000],
    ['/web', 200, 5000],
    ['/none', 204, 0],
    ['/unchanged', 304, 0],
    ['/missing', 404, 2],
    ['/late-status', 200, 11],
    ['/after-end', 200, 4],
    ['/twice', 200, 5],
  ])('%s', async (path, status, bytes) => {
    const { wire, event } = await subject.exchange(path)
    expect(wire).toMatchObject({ status, bodyBytes: bytes })
    expect(event).toMatchObject({
      method: 'GET',
      path,
      status_code: status,
      request_size: 0,
      response_size: bytes,
    })
    expect(event.metadata?.['outcome']).toBeUndefined()
  })

  test('/too-short leaves the client waiting for what was claimed: an error, whatever the application believes', async () => {
    const { wire, event } = await subject.exchange('/too-short')
    expect(wire).toMatchObject({ status: 200, bodyBytes: 12 })
    expect(event).toMatchObject({ status_code: 200, response_size: 12, metadata: { outcome: 'error' } })
  })

  test.each(['/pipeline', '/promised', '/file-gzip', '/brotli', '/compressed'])('%s', async (path) => {
    const { wire, event } = await subject.exchange(path)
    expect(wire.bodyBytes).toBeGreaterThan(0)
    expect(event).toMatchObject({ status_code: 200, response_size: wire.bodyBytes })
  })

  test.each(['/text', '/chunks', '/big', '/piped', '/missing'])('HEAD %s sends no body', async (path) => {
    const { wire, event } = await subject.exchange(path, { method: 'HEAD' })
    expect(wire.bodyBytes).toBe(0)
    expect(event).toMatchObject({ method: 'HEAD', status_code: wire.status, response_size: 0 })
  })

  test('a response whose listeners were all removed is seen none the less', async () => {
    const { name, bytes } = subject.request('/deaf')
    const client = subject.connect().send(bytes)
    await client.got('ok')
    // Node's own listener, which ends the connection, is gone too.
    client.socket.end()
    const event = await subject.eventOf(name)
    expect(event).toMatchObject({ status_code: 200, response_size: 2 })
    expect(event.metadata?.['outcome']).toBeUndefined()
  })

  test('1xx answers are no part of the sizes', async () => {
    const { wire, event } = await subject.exchange('/early-hints')
    expect(wire.informational).toEqual([103, 102])
    expect(event).toMatchObject({ status_code: 200, response_size: 6 })
  })
})

describe('sizes of requests are those of the wire', () => {
  const body = 'x'.repeat(70_000)
  const framed = { headers: { 'transfer-encoding': 'chunked' }, body: chunked(body, 'yy', body) }

  test.each(['/read', '/as-text', '/unread', '/refused', '/echo'])('%s with a length', async (path) => {
    const { event } = await subject.exchange(path, {
      method: 'POST',
      headers: { 'content-length': body.length },
      body,
    })
    expect(event).toMatchObject({ method: 'POST', path, request_size: 70_000 })
  })

  test.each(['/read', '/as-text', '/echo'])('%s in chunks', async (path) => {
    const { event } = await subject.exchange(path, { method: 'PUT', ...framed })
    expect(event).toMatchObject({ method: 'PUT', path, request_size: 140_002 })
  })

  test.each(['/unread', '/refused'])(
    '%s: what comes after the answer is part of the request',
    async (path) => {
      const { name, bytes } = subject.request(path, {
        method: 'POST',
        headers: { 'content-length': 300_000 },
        keepAlive: true,
      })
      const client = subject.connect().send(bytes).send(body)
      await client.got('\r\n\r\n')
      client.send('z'.repeat(300_000 - body.length))
      expect(await subject.eventOf(name)).toMatchObject({ request_size: 300_000 })
      client.reset()
    },
  )

  test('the client leaves before the rest of what was answered early: what came by then', async () => {
    const { name, bytes } = subject.request('/half-read', {
      method: 'POST',
      headers: { 'content-length': 300_000 },
      body: 'part of it',
      keepAlive: true,
    })
    const client = subject.connect().send(bytes)
    await client.got('enough')
    client.reset()
    const event = await subject.eventOf(name)
    expect(event).toMatchObject({ status_code: 200, request_size: 10, response_size: 6 })
    expect(event.metadata?.['outcome']).toBeUndefined()
  })

  test('trailers and chunk extensions are none of it', async () => {
    const { event } = await subject.exchange('/read', {
      method: 'POST',
      headers: { 'transfer-encoding': 'chunked', trailer: 'x-sum' },
      body: '3;name=value\r\nabc\r\n0\r\nx-sum: 3\r\n\r\n',
    })
    expect(event).toMatchObject({ request_size: 3, response_size: 1 })
  })
})
