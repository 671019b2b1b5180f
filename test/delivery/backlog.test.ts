import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Backlog } from '../../src/delivery/backlog.ts'
import { Buffer as EventBuffer } from '../../src/delivery/buffer.ts'
import { Gate } from '../../src/delivery/gate.ts'
import { Sender } from '../../src/delivery/sender.ts'
import { createClient } from '../../src/delivery/standalone.ts'
import { Transport } from '../../src/delivery/transport.ts'
import type { Client, ClientOptions } from '../../src/types/client.ts'
import { Ingest, type Script } from '../support/ingest.ts'
import { expectClosed } from '../support/ledger.ts'
import { BASE, eventLine, filesIn, openSpool, temporaryDirectory } from '../support/spool.ts'
import { until } from '../support/until.ts'

async function endpoint(script?: Script): Promise<Ingest> {
  const ingest = await Ingest.start(script)
  onTestFinished(() => ingest.close())
  return ingest
}

function client(directory: string, ingest: Ingest, options: Partial<ClientOptions> = {}): Client {
  const opened = createClient({
    apiKey: 'k',
    endpoint: ingest.url,
    storagePath: join(directory, BASE),
    shutdownTimeout: 300,
    flushInterval: 600_000,
    ...options,
  })
  onTestFinished(() => opened.shutdown())
  return opened
}

function track(to: Client, count: number): void {
  for (let n = 0; n < count; n++)
    to.track({ method: 'GET', path: '/e', status_code: 200, consumer_id: String(n) })
}

function consumers(ingest: Ingest): string[] {
  return ingest.events.map((event) => event.consumer_id ?? '').toSorted((a, b) => Number(a) - Number(b))
}

const NUMBERS = (count: number): string[] => Array.from({ length: count }, (_, n) => String(n))

test('what a client could not send in time is delivered by the next one, under the same id', async () => {
  const directory = temporaryDirectory()
  const ingest = await endpoint(() => ({ broken: 'never' }))
  const first = client(directory, ingest, { batchSize: 10 })
  track(first, 25)
  await first.shutdown()
  expect(first.stats()).toMatchObject({ buffered: 0, inFlight: 0, spooled: 25 })
  expectClosed(first.stats())
  const tried = ingest.batches.map(({ id }) => id)
  expect(filesIn(directory).map(({ state, count }) => [state, count])).toEqual([
    ['new', 10],
    ['new', 10],
    ['new', 5],
  ])

  ingest.script = () => ({ status: 202 })
  const second = client(directory, ingest)
  await ingest.waitForEvents(25)
  expect(consumers(ingest)).toEqual(NUMBERS(25))
  expect(ingest.batches.filter(({ status }) => status === 202).map(({ id }) => id)).toEqual(
    expect.arrayContaining(tried),
  )
  await until(
    () => filesIn(directory).length === 0,
    () => 'the files of delivered batches to go',
  )
  expect(second.stats()).toMatchObject({ captured: 0, delivered: 25, spooled: -25 })
})

test('over the limit of memory the oldest go to disk, and come back once the endpoint is well', async () => {
  const directory = temporaryDirectory()
  const ingest = await endpoint(() => ({ status: 503 }))
  const full = client(directory, ingest, { maxBufferSize: 20, batchSize: 10 })
  track(full, 100)
  const { buffered, inFlight, spooled, dropped } = full.stats()
  expect(dropped.buffer_full).toBe(0)
  expect(buffered + inFlight).toBeLessThanOrEqual(20)
  expect(spooled).toBeGreaterThanOrEqual(80)
  ingest.script = () => ({ status: 202 })
  await ingest.waitForEvents(100)
  expect(consumers(ingest)).toEqual(NUMBERS(100))
  await until(
    () => full.stats().inFlight === 0,
    () => JSON.stringify(full.stats()),
  )
  expect(full.stats()).toMatchObject({ delivered: 100, spooled: 0 })
})

test('in journal mode events are on disk soon after they were captured, and gone when they are delivered', async () => {
  const directory = temporaryDirectory()
  const ingest = await endpoint()
  const journaling = client(directory, ingest)
  track(journaling, 7)
  await until(
    () => filesIn(directory).some(({ state }) => state === 'claim'),
    () => 'a journal',
  )
  expect(journaling.stats()).toMatchObject({ buffered: 7, spooled: 0 })
  await journaling.flush()
  expect(filesIn(directory)).toEqual([])
  expect(ingest.events).toHaveLength(7)
})

test('in memory mode nothing is written while the endpoint is well', async () => {
  const directory = temporaryDirectory()
  const ingest = await endpoint()
  const remembering = client(directory, ingest, { durability: 'memory' })
  const other = temporaryDirectory()
  const journaling = client(other, ingest)
  track(remembering, 7)
  track(journaling, 7)
  await until(
    () => filesIn(other).length > 0,
    () => 'the journal of a client that keeps one',
  )
  expect(filesIn(directory)).toEqual([])
  await remembering.flush()
  expect(filesIn(directory)).toEqual([])
})

test('after five failures in a row complete batches wait on disk, and none is lost or doubled', async () => {
  const directory = temporaryDirectory()
  const ingest = await endpoint((n) => ({ status: n < 6 ? 503 : 202 }))
  const { spool, ledger } = openSpool(directory)
  const buffer = new EventBuffer(1000, 65_536, 10)
  const backlog = new Backlog(spool, ledger, () => sender.wake('complete'))
  const sender: Sender = new Sender({
    buffer,
    ledger,
    spool,
    backlog,
    transport: new Transport({
      apiKey: 'k',
      endpoint: ingest.url,
      allowPrivateEndpoint: false,
      caFile: undefined,
    }),
    gate: new Gate(undefined, () => 0),
    onError: () => {},
  })
  onTestFinished(() => sender.stop())
  for (let n = 0; n < 45; n++) buffer.push(eventLine(n))
  sender.wake('any')
  await until(
    () => ledger.spooled >= 30,
    () => `batches on disk; spooled ${ledger.spooled}`,
  )
  expect(buffer.events).toBeLessThanOrEqual(15)
  await ingest.waitForEvents(45)
  expect(consumers(ingest)).toEqual(NUMBERS(45))
  await until(
    () => sender.inFlight === 0 && filesIn(directory).length === 0,
    () => 'an empty disk',
  )
  expect(ledger).toMatchObject({ delivered: 45, spooled: 0 })
})

test('parts of a batch that was split wait on disk as themselves', async () => {
  const directory = temporaryDirectory()
  const ingest = await endpoint((_, { events }) => {
    if (events.length > 5) return { status: 413 }
    return { status: events.some(({ consumer_id }) => consumer_id === '7') ? 503 : 202 }
  })
  const splitting = client(directory, ingest)
  track(splitting, 10)
  await splitting.shutdown()
  expect(splitting.stats()).toMatchObject({ delivered: 5, spooled: 5 })
  expect(filesIn(directory).map(({ state, count }) => [state, count])).toEqual([['new', 5]])
})

test('an endpoint that refuses large bodies is not asked again with batches of the size it refused', async () => {
  const ingest = await endpoint((_, { events }) => ({ status: events.length > 3 ? 413 : 202 }))
  const learning = client(temporaryDirectory(), ingest, {
    batchSize: 10,
    storagePath: 'none',
    shutdownTimeout: 5000,
  })
  track(learning, 10)
  await learning.flush()
  const refusals = ingest.batches.filter(({ status }) => status === 413).length
  track(learning, 30)
  await learning.flush()
  expect(ingest.events).toHaveLength(40)
  expect(ingest.batches.filter(({ status }) => status === 413)).toHaveLength(refusals)
})
