import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import type { ApiEvent } from '../../src/types/client.ts'
import type { App } from '../support/app.ts'
import { DOWN, UP, type Ingest } from '../support/ingest.ts'
import { expectClosed } from '../support/ledger.ts'
import { scenario } from '../support/scenario.ts'
import { BASE, eventLine, filesIn } from '../support/spool.ts'
import { residentBytes } from '../support/sustained-load.ts'
import { delivered, drive, expectDrained, expectSettled, numbers } from '../support/traffic.ts'
import { until } from '../support/until.ts'

const [one, two, three, four] = [1, 2, 3, 4].map((n) => eventLine(n)) as [string, string, string, string]
const torn = three.slice(0, 60)

/** What stands in the file, which numbered events come out of it, and how many pieces are counted as corrupt. */
const corpus: Record<string, [content: string | Buffer, good: number[], corrupt: number]> = {
  'a torn last line': [`[${one}]\n[${two}]\n[${torn}`, [1, 2], 1],
  'a torn line and what was appended to it': [`[${one}]\n[${torn}[${two}]\n[${four}]\n`, [1, 4], 1],
  'a torn line, healed by a line end': [`[${torn}\n[${two}]\n`, [2], 1],
  'a block of zeros': [`[${one}]\n${'\0'.repeat(4096)}\n[${two}]\n`, [1, 2], 1],
  noise: [Buffer.concat([Buffer.from(`[${one}]\n`), noise(5000), Buffer.from(`\n[${two}]\n`)]), [1, 2], 1],
  'empty arrays, objects and null': [`[]\n{}\nnull\n[${one}]\n[{}]\n[null]\n`, [1], 4],
  'arrays in arrays': [`[[${one}]]\n[${two}]\n`, [2], 1],
  'a byte order mark and CRLF': [`\ufeff[${one}]\r\n[${two}]\r\n`, [1, 2], 0],
}

/** No line end in it, and nothing that begins like JSON. */
function noise(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, n) => 128 + ((n * 7919) % 128)))
}

/** An application that starts beside such a file delivers what is good, counts what is not, and goes on. */
async function expectRescued(app: App, ingest: Ingest, good: number[], corrupt: number): Promise<void> {
  let stats = await app.stats()
  await until(
    async () => {
      stats = await app.stats()
      return stats.delivered >= good.length && stats.dropped.corrupt >= corrupt
    },
    () => `${good.length} delivered and ${corrupt} counted; got ${JSON.stringify(stats)}`,
    15_000,
  )
  expectClosed(stats)
  expect(stats).toMatchObject({
    captured: 0,
    delivered: good.length,
    dropped: { corrupt },
    spooled: -good.length - corrupt,
  })
  expect(delivered(ingest)).toEqual(good)
  await expectDrained(app, ingest, 1000)
}

describe.concurrent('D4 a file at the base path that holds', () => {
  for (const [name, [content, good, corrupt]] of Object.entries(corpus)) {
    scenario(
      `D4 ${name}: the good is delivered, the bad is counted, the file goes`,
      async ({ ingest, directory, serve }) => {
        const path = join(directory, BASE)
        writeFileSync(path, content, { mode: 0o600 })
        const app = await serve({ env: { PEEKAPI_STORAGE_PATH: path } })
        await expectRescued(app, ingest, good, corrupt)
        expect(readdirSync(directory)).toEqual([])
      },
    )
  }

  scenario(
    'D4 a line of 50 MB between two good ones: it costs one count and no memory',
    async ({ ingest, directory, serve }) => {
      const path = join(directory, BASE)
      const descriptor = openSync(path, 'w', 0o600)
      writeSync(descriptor, `[${one}]\n`)
      for (let megabytes = 0; megabytes < 50; megabytes++) writeSync(descriptor, 'x'.repeat(1_000_000))
      writeSync(descriptor, `\n[${two}]\n`)
      closeSync(descriptor)
      const app = await serve({ env: { PEEKAPI_STORAGE_PATH: path } })
      await drive(app, 200, 2000)
      const before = residentBytes(app, 'VmHWM')
      await until(
        async () => (await app.stats()).dropped.corrupt === 1,
        () => 'the count',
        15_000,
      )
      await expectDrained(app, ingest, 3000)
      expect(delivered(ingest)).toEqual([1, 2, ...numbers(200, 2000), 3000])
      expect(residentBytes(app, 'VmHWM') - before).toBeLessThan(40_000_000)
      expect(readdirSync(directory)).toEqual([])
    },
  )
})

describe.concurrent('D4 the journal of a killed process', () => {
  scenario(
    'D4 whose last line is torn: the next process delivers the others and counts that one',
    async ({ ingest, directory, serve }) => {
      const env = { PEEKAPI_STORAGE_PATH: join(directory, BASE) }
      ingest.script = DOWN
      const first = await serve({ env })
      await drive(first, 20)
      const journal = (): string[] => readdirSync(directory).filter((file) => file.includes('.claim-'))
      const lines = (): number =>
        journal().reduce(
          (sum, file) => sum + readFileSync(join(directory, file), 'utf8').split('\n').length - 1,
          0,
        )
      await until(
        () => lines() === 20,
        () => `20 lines in the journal; got ${lines()}`,
      )
      await first.stop('SIGKILL')
      const [last] = journal().toSorted().slice(-1)
      const path = join(directory, last!)
      const text = readFileSync(path, 'utf8')
      const lost = Number((JSON.parse(text.trimEnd().split('\n').at(-1)!) as ApiEvent).consumer_id)
      truncateSync(path, text.length - 30)
      ingest.script = UP
      const second = await serve({ env })
      await expectRescued(
        second,
        ingest,
        numbers(20).filter((n) => n !== lost),
        1,
      )
      expect(filesIn(directory)).toEqual([])
    },
  )
})

describe.concurrent('D8 another SDK beside us', () => {
  scenario(
    'D8 that appends to the file at the base path: none of its lines is lost and ours arrive once, and its file stays its own',
    async ({ ingest, directory, serve }) => {
      const LINES = 1000
      const path = join(directory, BASE)
      ingest.script = DOWN
      const app = await serve({
        env: { PEEKAPI_STORAGE_PATH: path, PEEKAPI_MAX_BUFFER_SIZE: '50', PEEKAPI_BATCH_SIZE: '20' },
      })
      const writer = spawn(process.execPath, ['test/support/old-sdk-writer.cjs', path, String(LINES)], {
        stdio: 'inherit',
      })
      const ended = once(writer, 'exit')
      await drive(app, 200)
      // What we leave at its path is what it wrote: whole lines, each an array.
      if (existsSync(path))
        for (const line of readFileSync(path, 'utf8').split('\n').slice(0, -1))
          expect(Array.isArray(JSON.parse(line))).toBe(true)
      ingest.script = UP
      expect(await ended).toEqual([0, null])
      const theirs = (): Set<string> =>
        new Set(ingest.events.filter(({ path: seen }) => seen === '/old').map((event) => event.consumer_id!))
      // A look is due every 30 to 90 seconds; a process that starts looks at once.
      await serve({ env: { PEEKAPI_STORAGE_PATH: path } })
      await until(
        () => theirs().size === LINES,
        () => `${LINES} lines of the other SDK; got ${theirs().size}`,
        20_000,
      )
      await drive(app, 1, 200)
      const ours = (): ApiEvent[] => ingest.events.filter(({ path: seen }) => seen === '/e')
      await until(
        () => ours().length === 201,
        () => `201 events of ours; got ${ours().length}`,
        20_000,
      )
      expect(new Set(ours().map((event) => event.consumer_id)).size).toBe(201)
      await expectSettled(app)
      await until(
        () => readdirSync(directory).length === 0,
        () => `an empty directory; got ${readdirSync(directory).join(' ')}`,
      )
    },
  )
})
