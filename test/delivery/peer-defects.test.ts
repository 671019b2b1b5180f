import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Gate } from '../../src/delivery/gate.ts'
import { createClient } from '../../src/delivery/standalone.ts'
import { Transport } from '../../src/delivery/transport.ts'
import { batch } from '../support/batches.ts'
import { arrivals, clientScenario, settled, track } from '../support/clients.ts'
import { DOWN, Ingest, UP } from '../support/ingest.ts'
import { NameServer } from '../support/name-server.ts'
import { ProxyServer } from '../support/proxy-server.ts'
import { RawServer } from '../support/raw-server.ts'
import { BASE } from '../support/spool.ts'
import { numbers } from '../support/traffic.ts'
import { until } from '../support/until.ts'

// What was found wrong in an earlier SDK for Node.js, one test or more for each: it must not be possible here.
// What was wrong with its disk is in peer-defects-disk.test.ts, with its endings in peer-defects-endings.test.ts.

describe.concurrent('what waits in memory', () => {
  clientScenario('5 shutdown sends one batch of many: here it sends them all', async ({ ingest, open }) => {
    const client = open({ batchSize: 250 })
    track(client, 1000)
    await client.shutdown()
    expect(arrivals(ingest)).toEqual(numbers(1000))
  })

  clientScenario(
    '6 a flush sends one batch and the rest waits for the next interval: here it empties memory',
    async ({ ingest, open }) => {
      const client = open({ batchSize: 1000, flushInterval: 100 })
      track(client, 250)
      await ingest.waitForEvents(250)
      const slow = open({ batchSize: 10 })
      track(slow, 95, 250)
      await slow.flush()
      expect(arrivals(ingest)).toEqual(numbers(345))
      expect(slow.stats().buffered).toBe(0)
    },
  )

  clientScenario(
    '20 the limit of memory is not held while the endpoint is down: here it is, and the rest is counted',
    async ({ open }) => {
      const client = open({ maxBufferSize: 10, shutdownTimeout: 10 })
      track(client, 1000)
      const { buffered, inFlight, dropped } = client.stats()
      expect(buffered + inFlight).toBe(10)
      expect(dropped.buffer_full).toBe(990)
    },
  )

  clientScenario(
    '21 a batch that failed is dropped in silence when memory is full: here it keeps its place',
    async ({ ingest, open }) => {
      ingest.script = DOWN
      const client = open({ maxBufferSize: 20, batchSize: 10 })
      track(client, 10)
      await until(
        () => client.stats().inFlight > 0,
        () => 'the first attempt',
      )
      track(client, 50, 10)
      ingest.script = UP
      await settled(client)
      expect(arrivals(ingest).slice(0, 10)).toEqual(numbers(10))
      expect(client.stats()).toMatchObject({ delivered: 20, dropped: { buffer_full: 40 } })
    },
  )

  clientScenario(
    '28 size is only looked at with metadata, and the caller’s object is changed: here neither',
    async ({ ingest, open }) => {
      const client = open({ maxEventBytes: 2000 })
      const event = { method: 'GET', path: '/e', status_code: 200, metadata: { long: 'x'.repeat(5000) } }
      const before = structuredClone(event)
      client.track(event)
      client.track({ method: 'GET', path: '/ü'.repeat(1500), status_code: 200 })
      await client.flush()
      expect(event).toEqual(before)
      expect(ingest.events.map(({ path, metadata }) => ({ path, metadata }))).toEqual([
        { path: '/e', metadata: undefined },
      ])
      expect(client.stats()).toMatchObject({ captured: 2, delivered: 1, dropped: { too_large: 1 } })
    },
  )

  clientScenario(
    '28 a BigInt in the metadata makes the event vanish: here it only costs the metadata',
    async ({ ingest, open }) => {
      const client = open()
      client.track({ method: 'GET', path: '/e', status_code: 200, metadata: { big: 1n } as never })
      await client.flush()
      expect(ingest.events).toMatchObject([{ path: '/e' }])
    },
  )
})

describe.concurrent('what the endpoint says', () => {
  clientScenario(
    '13 a batch that is refused for good is kept and sent for ever: here its bad event is dropped, once',
    async ({ ingest, directory, open }) => {
      ingest.script = (_, { events }) => ({
        status: events.some(({ consumer_id }) => consumer_id === '7') ? 400 : 202,
      })
      const storagePath = join(directory, BASE)
      const client = open({ storagePath })
      track(client, 10)
      await client.shutdown()
      expect(client.stats()).toMatchObject({ delivered: 9, dropped: { rejected: 1 }, spooled: 0 })
      expect(readdirSync(directory)).toEqual([])
      const refused = ingest.batches.length
      const next = open({ storagePath })
      track(next, 1, 10)
      await next.flush()
      expect(ingest.batches).toHaveLength(refused + 1)
    },
  )

  test('22 the fifth failure forgets the delay: here it grows to its bound and stays there until a success', () => {
    let now = 0
    const gate = new Gate(
      () => now,
      () => 1,
    )
    const delays = Array.from({ length: 9 }, () => {
      expect(gate.admits(0)).toBe(true)
      gate.failed(undefined)
      now += gate.waitMs()
      return now
    }).map((at, n, all) => at - (all[n - 1] ?? 0))
    expect(delays[4]).toBe(16_000)
    expect(delays.slice(-3)).toEqual([60_000, 60_000, 60_000])
  })

  clientScenario.for([
    ['in seconds', (): string => '2'],
    ['as a date', (): string => new Date(Date.now() + 3000).toUTCString()],
  ] as const)(
    '23 Retry-After %s is not obeyed: here nothing is asked before its time',
    async ([, value], { ingest, open }) => {
      ingest.script = (n) =>
        n === 0 ? { status: 503, headers: { 'retry-after': value() } } : { status: 202 }
      const client = open({ batchSize: 1 })
      track(client, 1)
      await ingest.waitForEvents(1)
      // A date has no milliseconds.
      expect(ingest.batches[1]!.at - ingest.batches[0]!.at).toBeGreaterThan(1990)
    },
  )

  clientScenario(
    '24 an answer whose body stalls wedges the client for good: here the deadline holds for the whole',
    async ({ open, onTestFinished }) => {
      let connections = 0
      const raw: RawServer = await RawServer.start((socket, data) => {
        if (!data.startsWith('POST')) return
        connections++
        socket.write('HTTP/1.1 503 Unavailable\r\ncontent-length: 1000\r\n\r\nhal')
      })
      onTestFinished(() => raw.close())
      const client = open({ endpoint: raw.url, batchSize: 1, shutdownTimeout: 10 })
      track(client, 1)
      await until(
        () => connections >= 3,
        () => 'a third attempt',
        20_000,
      )
    },
  )

  clientScenario.for([408, 425])(
    '25 a passing %i counts as final: here it is tried again',
    async (status, { ingest, open }) => {
      ingest.script = (n) => ({ status: n === 0 ? status : 202 })
      const client = open({ batchSize: 1 })
      track(client, 1)
      await ingest.waitForEvents(1)
      await settled(client)
      expect(client.stats()).toMatchObject({ delivered: 1, retried: 1 })
    },
  )

  clientScenario(
    '25 a redirect counts as a refusal of the events: here they are kept',
    async ({ ingest, open }) => {
      ingest.script = () => ({ status: 302, headers: { location: 'http://127.0.0.1:1/' } })
      const client = open({ shutdownTimeout: 100 })
      track(client, 3)
      await client.flush()
      expect(client.stats()).toMatchObject({ buffered: 3, delivered: 0 })
    },
  )
})

describe.concurrent('the way to the endpoint', () => {
  clientScenario(
    '26 the query of the endpoint is cut off: here it is sent',
    async ({ open, onTestFinished }) => {
      const raw = await RawServer.start(
        (socket) => void socket.write('HTTP/1.1 202 OK\r\ncontent-length: 0\r\n\r\n'),
      )
      onTestFinished(() => raw.close())
      const client = open({ endpoint: `${raw.url}?tenant=a%20b` })
      track(client, 1)
      await client.flush()
      expect(raw.received.split('\r\n')[0]).toBe('POST /v1/events?tenant=a%20b HTTP/1.1')
    },
  )

  clientScenario(
    '26 an IPv6 address cannot be connected to: here it can',
    async ({ open, onTestFinished }) => {
      const ingest = await Ingest.start(undefined, 0, '::1')
      onTestFinished(() => ingest.close())
      const client = open({ endpoint: ingest.url })
      track(client, 1)
      await client.flush()
      expect(ingest.events).toHaveLength(1)
    },
  )

  clientScenario(
    '27 no proxy, no batch id, no count of what was dropped: here all three',
    async ({ ingest, onTestFinished }) => {
      const proxy = await ProxyServer.start()
      onTestFinished(() => proxy.close())
      const transport = new Transport({
        endpoint: `http://collector.test:${ingest.port}/v1/events`,
        apiKey: 'k',
        allowPrivateEndpoint: true,
        environment: { HTTP_PROXY: proxy.url },
      })
      onTestFinished(() => transport.close())
      expect(await transport.send(batch('batch-27'))).toMatchObject({ status: 202 })
      expect(proxy.requests).toHaveLength(1)
      expect(ingest.batches[0]!.id).toBe('batch-27')
    },
  )

  clientScenario(
    '30 a name that leads to a private address is connected to where Node asks for all addresses: never here',
    async ({ onTestFinished }) => {
      const raw = await RawServer.start(() => {})
      onTestFinished(() => raw.close())
      const dns = await NameServer.start({ 'inside.test': [['127.0.0.1'], ['127.0.0.1']] })
      onTestFinished(() => dns.close())
      const url = `https://inside.test:${new URL(raw.url).port}/`
      const transport = new Transport({ endpoint: url, apiKey: 'k', lookup: dns.lookup })
      onTestFinished(() => transport.close())
      // 34: the verdict of the first lookup must not be remembered as harmless.
      for (let attempt = 0; attempt < 2; attempt++)
        expect(await transport.send(batch())).toMatchObject({ refused: expect.stringContaining('127.0.0.1') })
      expect(raw.connections).toBe(0)
    },
  )

  test.each(['fdcollector.example.com', 'fc-ingest.example.com', '10.example.com', '192.168.example.com'])(
    '31 the name %s is taken for a private address: here it is a name',
    (host) => {
      expect(() =>
        createClient({ apiKey: 'k', endpoint: `https://${host}/`, storagePath: 'none' }),
      ).not.toThrow()
    },
  )

  test.each([['[fe90::1]'], ['[::]'], ['[64:ff9b::a00:1]'], ['198.18.0.1'], ['224.0.0.1'], ['240.0.0.1']])(
    '32 ranges of private addresses are missing: here %s is refused',
    (host) => {
      expect(() => createClient({ apiKey: 'k', endpoint: `https://${host}/`, storagePath: 'none' })).toThrow(
        /is refused/,
      )
    },
  )

  test('33 a collector of one’s own cannot be had: here by a switch', () => {
    for (const host of ['10.1.2.3:8080', 'host.docker.internal', 'collector.ns.svc']) {
      const options = { apiKey: 'k', endpoint: `http://${host}/`, storagePath: 'none' }
      expect(() => createClient(options)).toThrow(/endpoint/)
      expect(() => createClient({ ...options, allowPrivateEndpoint: true })).not.toThrow()
    }
  })
})
