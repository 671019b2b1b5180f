import { setTimeout } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { Ingest } from '../support/ingest.ts'
import { RawServer } from '../support/raw-server.ts'
import { scenario } from '../support/scenario.ts'
import { delivered, drive, expectRecovery, expectSettled, numbers } from '../support/traffic.ts'
import { until } from '../support/until.ts'

describe.concurrent('ways to the endpoint', () => {
  scenario(
    'N1 an endpoint that refuses connections and comes up later: one probe at a time, all delivered',
    async ({ serve, onTestFinished }) => {
      // On ::1, where no other test listens: the port must stay free while nobody has it.
      const down = await Ingest.start(undefined, 0, '::1')
      const { port, url } = down
      await down.close()
      const app = await serve({
        endpoint: url,
        env: { PEEKAPI_DEBUG: 'true' },
      })
      await drive(app, 200)
      await until(
        () => app.stderr.split('delivery failed').length > 2,
        () => 'two failed attempts',
      )
      expect(app.stderr).toContain('ECONNREFUSED')
      const revived = await Ingest.start(undefined, port, '::1')
      onTestFinished(() => revived.close())
      await expectRecovery(app, revived, 200)
    },
  )

  scenario('N1 an endpoint whose name does not resolve: kept, and no storm of lookups', async ({ serve }) => {
    const app = await serve({
      endpoint: 'https://nonexistent.invalid/v1/events',
      env: { PEEKAPI_DEBUG: 'true' },
    })
    await drive(app, 200)
    await until(
      () => app.stderr.includes('delivery failed'),
      () => 'a failed attempt',
    )
    await expectSettled(app)
    expect(await app.stats()).toMatchObject({ captured: 200, delivered: 0, buffered: 200 })
    expect(app.stderr.split('delivery failed').length).toBeLessThan(5)
  })

  scenario(
    'N2 an endpoint that accepts and never answers: one request under way, memory bounded, the application answers',
    async ({ serve, onTestFinished }) => {
      const hole = await RawServer.start(() => {})
      onTestFinished(() => hole.close())
      const app = await serve({
        endpoint: hole.url,
        env: { PEEKAPI_MAX_BUFFER_SIZE: '300', PEEKAPI_FLUSH_INTERVAL: '10m' },
      })
      await drive(app, 500)
      expect(hole.sockets.size).toBeLessThanOrEqual(2)
      const stats = await app.stats()
      expect(stats.buffered + stats.inFlight).toBeLessThanOrEqual(300)
      expect(stats.dropped.buffer_full).toBe(200)
      await expectSettled(app)
    },
  )

  scenario(
    'N3 a connection reset before the request is taken: tried again, delivered once',
    async ({ ingest, serve }) => {
      ingest.script = (n) => (n < 2 ? { broken: 'before' } : { status: 202 })
      const app = await serve()
      await drive(app, 20)
      await expectRecovery(app, ingest, 20)
    },
  )

  scenario(
    'N4 accepted, then reset instead of an answer: the same batch id again, so it counts once',
    async ({ ingest, serve }) => {
      ingest.script = (n) => (n === 0 ? { broken: 'after' } : { status: 202 })
      const app = await serve()
      await drive(app, 20)
      await until(
        () => ingest.batches.length > 1,
        () => 'the second attempt',
      )
      await expectRecovery(app, ingest, 20)
      const first = ingest.batches.filter((batch) => batch.id === ingest.batches[0]!.id)
      expect(first).toHaveLength(2)
      expect(first[1]!.body).toBe(first[0]!.body)
    },
  )

  scenario.for([
    ['a body that breaks off', 'HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nshort', true],
    [
      'a body that never ends',
      'HTTP/1.1 202 Accepted\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n',
      false,
    ],
    ['no body', 'HTTP/1.1 204 No Content\r\n\r\n', false],
  ] as const)('N5 2xx with %s is accepted', async ([_name, answer, hangUp], { serve, onTestFinished }) => {
    const raw = await RawServer.start((socket) => (hangUp ? socket.end(answer) : socket.write(answer)))
    onTestFinished(() => raw.close())
    const app = await serve({ endpoint: raw.url })
    await drive(app, 20)
    await until(
      () => raw.connections > 0,
      () => 'a connection',
    )
    let stats = await app.stats()
    while (stats.delivered < 20) stats = await app.stats()
    expect(stats).toMatchObject({ captured: 20, delivered: 20, buffered: 0, inFlight: 0 })
  })

  scenario.for([
    ['noise', '\u0000\u0001\u0002 this is not HTTP\r\n\r\n'],
    ['a greeting of another protocol', '220 mail.example ESMTP\r\n'],
    ['a head without end', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}`],
    ['a flood of 1xx', 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(1000)],
  ])(
    'N5 %s instead of an answer is a failure that keeps the events',
    async ([, answer = ''], { serve, onTestFinished }) => {
      const raw = await RawServer.start((socket) => void socket.end(answer))
      onTestFinished(() => raw.close())
      const app = await serve({ endpoint: raw.url, env: { PEEKAPI_DEBUG: 'true' } })
      await drive(app, 20)
      await until(
        () => app.stderr.includes('delivery failed'),
        () => 'the failure',
      )
      await expectSettled(app)
      expect(await app.stats()).toMatchObject({ captured: 20, delivered: 0, buffered: 20 })
    },
  )

  scenario(
    'N6 kept-alive connections that the endpoint has closed: a new one at once, no failure counted',
    async ({ serve, onTestFinished }) => {
      let answered = 0
      const raw = await RawServer.start((socket) => {
        // The second request on a connection meets a reset.
        if (socket.bytesRead > 0 && answeredOn.has(socket)) return void socket.resetAndDestroy()
        answeredOn.add(socket)
        answered++
        socket.write('HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n')
      })
      const answeredOn = new WeakSet()
      onTestFinished(() => raw.close())
      const app = await serve({ endpoint: raw.url, env: { PEEKAPI_DEBUG: 'true' } })
      for (let round = 0; round < 4; round++) {
        await drive(app, 5, round * 5)
        let stats = await app.stats()
        while (stats.delivered < (round + 1) * 5) stats = await app.stats()
      }
      expect(answered).toBeGreaterThanOrEqual(4)
      expect(app.stderr).not.toContain('delivery failed')
      expect((await app.stats()).retried).toBe(0)
    },
  )

  scenario(
    'N7 an answer that drips in byte by byte: the deadline counts the whole, not the silence',
    async ({ serve, onTestFinished }) => {
      const head = 'HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n'
      const raw = await RawServer.start((socket) => {
        let sent = 0
        const drip = setInterval(
          () => (sent < head.length - 1 ? socket.write(head.charAt(sent++)) : clearInterval(drip)),
          500,
        )
        socket.on('close', () => clearInterval(drip))
      })
      onTestFinished(() => raw.close())
      const app = await serve({ endpoint: raw.url, env: { PEEKAPI_DEBUG: 'true' } })
      await drive(app, 20)
      await until(
        () => app.stderr.includes('no answer within 5000 ms'),
        () => 'the deadline',
        15_000,
      )
      await expectSettled(app)
    },
  )

  scenario(
    'N8 an endpoint that goes up and down: every event once, and no more requests than the gate allows',
    async ({ ingest, serve }) => {
      const started = performance.now()
      const elapsed = (): number => performance.now() - started
      const up = (): boolean => Math.floor(elapsed() / 500) % 2 === 1
      ingest.script = () => (up() ? { status: 202 } : { broken: 'before' })
      const app = await serve()
      let count = 0
      // A pause, so that a fast machine does not capture more in 3 s than memory may hold.
      for (; elapsed() < 3000; count += 20) {
        await drive(app, 20, count)
        await setTimeout(20)
      }
      ingest.script = () => ({ status: 202 })
      await expectRecovery(app, ingest, count, 20_000)
      // Two may overlap while it is well; in 3 s of failures no probe is closer than 250 ms to the next.
      expect(ingest.batches.filter(({ status }) => status === 0).length).toBeLessThanOrEqual(2 + 3000 / 250)
    },
  )

  scenario.for([301, 302, 307, 308])(
    'N10 %i is not followed: nothing reaches the other server, events are held',
    async (status, { ingest, serve, onTestFinished }) => {
      const other = await Ingest.start()
      onTestFinished(() => other.close())
      ingest.script = () => ({ status, headers: { location: other.url } })
      const app = await serve()
      await drive(app, 20)
      await until(
        () => app.stderr !== '',
        () => 'the warning',
      )
      expect(app.stderr).toContain(`status ${status}`)
      expect(other.batches).toHaveLength(0)
      expect(await app.stats()).toMatchObject({ captured: 20, delivered: 0, buffered: 20 })
      expect(delivered(ingest)).toEqual(numbers(0))
    },
  )
})
