import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, vi } from 'vitest'
import { formatName } from '../../src/delivery/spool/names.ts'
import { arrivals, clientScenario, settled, track } from '../support/clients.ts'
import { BASE, batchOf, filesIn } from '../support/spool.ts'
import { numbers } from '../support/traffic.ts'
import { until } from '../support/until.ts'

// The part of peer-defects.test.ts that is about the disk. 19, a writer that had opened a file before it was taken
// away: spool/legacy.test.ts.

/** As another PeekAPI SDK leaves it: batches of up to 250 events, an array on a line each. */
function leftBehind(path: string, count: number): void {
  let text = ''
  for (let from = 0; from < count; from += 250)
    text += `[${batchOf(Math.min(250, count - from), from).lines.join(',')}]\n`
  writeFileSync(path, text, { mode: 0o600 })
}

describe.concurrent('the disk', () => {
  clientScenario(
    '9 two processes load the same file and both send it: here each event is sent once',
    async ({ ingest, directory, open }) => {
      const storagePath = join(directory, BASE)
      leftBehind(storagePath, 500)
      const clients = [open({ storagePath }), open({ storagePath })]
      await until(
        () => arrivals(ingest).length >= 500,
        () => `500 events; got ${arrivals(ingest).length}`,
        15_000,
      )
      for (const client of clients) await client.shutdown()
      expect(arrivals(ingest)).toEqual(numbers(500))
    },
  )

  clientScenario(
    '10 what was read and is not sent yet is read again: here it is held under one id until it is sent',
    async ({ ingest, directory, open }) => {
      const storagePath = join(directory, BASE)
      leftBehind(storagePath, 100)
      ingest.script = (n) => ({ status: n < 3 ? 503 : 202 })
      const client = open({ storagePath })
      await ingest.waitForEvents(100, 20_000)
      await settled(client)
      expect(arrivals(ingest)).toEqual(numbers(100))
      expect(new Set(ingest.batches.map(({ id }) => id)).size).toBe(1)
      expect(readdirSync(directory)).toEqual([])
    },
  )

  clientScenario(
    '11 one success deletes all that was read: here only what was accepted goes',
    async ({ ingest, directory, open }) => {
      const storagePath = join(directory, BASE)
      leftBehind(storagePath, 300)
      ingest.script = (n) => (n === 0 ? { status: 202 } : { broken: 'never' })
      const first = open({ storagePath, shutdownTimeout: 100 })
      await until(
        () => ingest.batches.length >= 2,
        () => 'a batch that is accepted and one that is not',
        10_000,
      )
      await first.shutdown()
      expect(arrivals(ingest)).toHaveLength(100)
      ingest.script = () => ({ status: 202 })
      open({ storagePath })
      await ingest.waitForEvents(300)
      expect(arrivals(ingest)).toEqual(numbers(300))
    },
  )

  clientScenario(
    '12 a file that is larger than memory is deleted with its rest unread: here all of it is sent',
    async ({ ingest, directory, open }) => {
      const storagePath = join(directory, BASE)
      leftBehind(storagePath, 3000)
      const client = open({ storagePath, maxBufferSize: 100, batchSize: 50 })
      await ingest.waitForEvents(3000, 20_000)
      await settled(client)
      expect(arrivals(ingest)).toEqual(numbers(3000))
      expect(readdirSync(directory)).toEqual([])
    },
  )

  clientScenario(
    '15 a file that cannot be used is deleted: here it stays as it is',
    async ({ ingest, directory, open }) => {
      const storagePath = join(directory, BASE)
      leftBehind(storagePath, 10)
      const before = readFileSync(storagePath, 'utf8')
      chmodSync(storagePath, 0o666)
      const neighbour = join(directory, 'neighbour')
      leftBehind(neighbour, 1)
      const client = open({ storagePath })
      track(client, 1, 100)
      await client.shutdown()
      open({ storagePath: neighbour })
      await ingest.waitForEvents(2)
      expect(arrivals(ingest)).toEqual([0, 100])
      expect(readFileSync(storagePath, 'utf8')).toBe(before)
    },
  )

  clientScenario(
    '16 a full store refuses the newest in silence: here the oldest go, and are counted',
    async ({ ingest, directory, open }) => {
      const storagePath = join(directory, BASE)
      ingest.script = () => ({ status: 401 })
      const options = { storagePath, maxStorageBytes: 65_536, shutdownTimeout: 50, batchSize: 50 }
      const client = open({ ...options, maxBufferSize: 100 })
      track(client, 2000)
      await client.shutdown()
      const { spooled, dropped } = client.stats()
      expect(dropped.spool_full).toBe(2000 - spooled)
      expect(dropped.spool_full).toBeGreaterThan(1000)
      ingest.script = () => ({ status: 202 })
      open(options)
      await ingest.waitForEvents(spooled)
      // A batch that was under way when it was refused is older than those that went to disk before it.
      expect(arrivals(ingest).at(-1)).toBe(1999)
      expect(arrivals(ingest).filter((n) => n < 1000).length).toBeLessThanOrEqual(100)
    },
  )

  clientScenario(
    '17 a torn line loses a whole batch: here it loses one event',
    async ({ ingest, directory, open }) => {
      const storagePath = join(directory, BASE)
      ingest.script = () => ({ status: 401 })
      const first = open({ storagePath, batchSize: 250, shutdownTimeout: 50 })
      track(first, 250)
      await first.shutdown()
      const [name] = filesIn(directory, 'new')
      const file = join(directory, formatName(BASE, name!))
      truncateSync(file, statSync(file).size - 10)
      ingest.script = () => ({ status: 202 })
      const second = open({ storagePath, batchSize: 250 })
      await ingest.waitForEvents(249)
      expect(arrivals(ingest)).toEqual(numbers(249))
      expect(second.stats().dropped.corrupt).toBe(1)
    },
  )

  clientScenario(
    '18 reading blocks the event loop until all is read: here the loop turns many times meanwhile',
    async ({ ingest, directory, open }) => {
      const storagePath = join(directory, BASE)
      leftBehind(storagePath, 20_000)
      const client = open({ storagePath, maxStorageBytes: 20_000_000, batchSize: 1000 })
      const deadline = performance.now() + 10_000
      let turns = 0
      while (client.stats().delivered === 0 && performance.now() < deadline) {
        await new Promise(setImmediate)
        if (!existsSync(storagePath) && readdirSync(directory).some((file) => file.includes('.legacy-')))
          turns++
      }
      expect(turns).toBeGreaterThan(50)
      await ingest.waitForEvents(20_000, 20_000)
      expect(arrivals(ingest)).toEqual(numbers(20_000))
    },
  )
})

// Not beside others: it moves the system's directory for temporary files.
clientScenario(
  '14 the default place is one for all applications that use an endpoint: here one application’s events never leave under another’s key',
  async ({ ingest, directory, open }) => {
    vi.stubEnv('TMPDIR', directory)
    onTestFinished(() => void vi.unstubAllEnvs())
    ingest.script = () => ({ status: 401 })
    const shared = { storagePath: undefined, shutdownTimeout: 100 }
    const one = open({ ...shared, apiKey: 'key-one' })
    track(one, 5)
    await one.shutdown()
    expect(one.stats().spooled).toBe(5)
    ingest.script = () => ({ status: 202 })
    const two = open({ ...shared, apiKey: 'key-two' })
    const again = open({ ...shared, apiKey: 'key-one' })
    await ingest.waitForEvents(5)
    expect(ingest.batches.at(-1)!.headers['x-api-key']).toBe('key-one')
    await settled(again)
    expect([two.stats().delivered, again.stats().delivered]).toEqual([0, 5])
    const [own] = readdirSync(directory)
    for (const path of [
      join(directory, own!),
      ...readdirSync(join(directory, own!)).map((name) => join(directory, own!, name)),
    ]) {
      expect(statSync(path).mode & 0o777).toBe(0o700)
      expect(path).not.toMatch(/key-one|key-two/)
    }
  },
)
