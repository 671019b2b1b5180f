import { EventEmitter } from 'node:events'
import { IncomingMessage, ServerResponse } from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defaultConsumer } from '../../src/capture/consumer-rules.ts'
import { consumerNaming } from '../../src/capture/consumer.ts'
import { startFollowing } from '../../src/capture/current.ts'
import { eventLines } from '../../src/capture/event.ts'
import { openHttp1 } from '../../src/capture/http1-exchange.ts'
import { settle } from '../../src/capture/open-exchanges.ts'
import { pathNaming } from '../../src/capture/paths.ts'
import { setRoute } from '../../src/capture/route.ts'
import { openingExchanges } from '../../src/capture/server.ts'
import { bodyOf } from '../../src/delivery/batch.ts'
import { Buffer as EventBuffer } from '../../src/delivery/buffer.ts'
import { fitted } from '../../src/delivery/line.ts'
import { DiskSpool } from '../../src/delivery/spool/disk-spool.ts'
import { Ledger } from '../../src/delivery/ledger.ts'
import { mix } from '../paths.mjs'

const BATCH = 100
const MAX_EVENT_BYTES = 65_536
/** At full load a batch lives for a few journal ticks. */
const JOURNAL_TICKS_PER_BATCH = 4

/** What the loops saw; printed nowhere, but the optimiser cannot know. */
export let sink = 0

/** As `node:http` makes them, with the head of a usual browser or client. */
function message(n) {
  const request = new IncomingMessage(null)
  request.httpVersionMajor = request.httpVersionMinor = 1
  request.method = 'GET'
  request.url = mix[n % mix.length]
  const headers = {
    Host: 'api.example.com',
    'User-Agent': 'okhttp/4.12.0',
    Accept: 'application/json',
    'Accept-Encoding': 'gzip',
    Authorization: `Bearer ${'x'.repeat(150)}${n % 64}`,
    Connection: 'keep-alive',
  }
  request.rawHeaders = Object.entries(headers).flat()
  const response = new ServerResponse(request)
  response._header = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 46\r\n\r\n'
  response._headerSent = response.finished = true
  response._contentLength = 46
  return { request, response }
}

function exchangeFor(n) {
  const { request, response } = message(n)
  const exchange = openHttp1(request, response)
  exchange.headAt = performance.now()
  exchange.wrote(46, 0)
  exchange.close()
  settle(exchange)
  return { exchange, request }
}

const pathOf = pathNaming({ normalizePaths: true, collectQueryString: false })

const lineOf = eventLines({
  pathOf,
  consumerOf: consumerNaming([]),
  metadata: {},
})

/** Each stage of an event's way through this package, alone: what it does, and the same loop without it. */
export const stages = {
  'emit wrap'() {
    const emitter = new EventEmitter().on('request', () => sink++)
    const wrapped = openingExchanges(EventEmitter.prototype.emit, { request: () => undefined })
    return {
      bare: (n) => emitter.emit('request', n, n),
      ours: (n) => wrapped.call(emitter, 'request', n, n),
    }
  },
  'emit within an exchange'() {
    startFollowing()
    const { exchange } = exchangeFor(1)
    const emitter = new EventEmitter().on('request', () => sink++)
    const wrapped = openingExchanges(EventEmitter.prototype.emit, { request: () => exchange })
    return {
      bare: (n) => emitter.emit('request', n, n),
      ours: (n) => wrapped.call(emitter, 'request', n, n),
    }
  },
  'exchange: open, close, settle': () => ({
    bare: (n) => (sink += message(n).response.statusCode),
    ours: (n) => (sink += exchangeFor(n).exchange.status),
  }),
  'event without a route'() {
    const exchanges = Array.from({ length: 512 }, (_, n) => exchangeFor(n).exchange)
    return { ours: (n) => (sink += lineOf(exchanges[n % 512]).length) }
  },
  'event with a route'() {
    const exchanges = Array.from({ length: 512 }, (_, n) => {
      const { exchange, request } = exchangeFor(n)
      setRoute(request, 'express', `/users/:id/${n % 30}`)
      return exchange
    })
    return { ours: (n) => (sink += lineOf(exchanges[n % 512]).length) }
  },
  'path of a mix': () => ({
    ours: (n) => (sink += pathOf(mix[n % mix.length], undefined, 200).length),
  }),
  'consumer, 64 credentials'() {
    const requests = Array.from({ length: 64 }, (_, n) => message(n).request)
    return { ours: (n) => (sink += defaultConsumer(requests[n % 64]).length) }
  },
  'consumer, never seen'() {
    const { request } = message(1)
    const at = request.rawHeaders.indexOf('Authorization') + 1
    return {
      ours: (n) => {
        request.rawHeaders[at] = `Bearer ${n}`
        sink += defaultConsumer(request).length
      },
    }
  },
  buffer() {
    const line = fitted(lineOf(exchangeFor(1).exchange), MAX_EVENT_BYTES)
    const buffer = new EventBuffer(10_000, MAX_EVENT_BYTES, BATCH)
    return {
      ours: () => {
        if (buffer.hasRoomFor(line, 0) && buffer.push(line)) sink += buffer.shift().lines.length
      },
    }
  },
  'body of a batch'() {
    const line = fitted(lineOf(exchangeFor(1).exchange), MAX_EVENT_BYTES)
    const batch = { id: '0', lines: Array.from({ length: BATCH }, () => line) }
    return {
      ours: (n) => {
        if (n % BATCH === 0) sink += Buffer.from(bodyOf(batch)).byteLength
      },
    }
  },
  'journal (without the kernel)'() {
    const directory = mkdtempSync(join(tmpdir(), 'peekapi-journal-'))
    process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
    const spool = new DiskSpool({
      storagePath: join(directory, 'spool'),
      endpoint: 'http://127.0.0.1:9/',
      apiKey: 'bench',
      maxStorageBytes: 5_242_880,
      maxEventBytes: MAX_EVENT_BYTES,
      batchSize: BATCH,
      ledger: new Ledger(),
    })
    const line = fitted(lineOf(exchangeFor(1).exchange), MAX_EVENT_BYTES)
    let batch = { id: '0', lines: [] }
    let batches = 0
    return {
      ours: () => {
        batch.lines.push(line)
        if (batch.lines.length % (BATCH / JOURNAL_TICKS_PER_BATCH) === 0) spool.journal([batch])
        if (batch.lines.length < BATCH) return
        spool.forget(batch)
        batch = { id: String(++batches), lines: [] }
      },
    }
  },
}

/** Runs one side of a stage so many times. */
export function repeat(operation, times) {
  for (let n = 0; n < times; n++) operation(n)
}
