import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { warned, warnings } from '../support/disk-warnings.ts'
import { DOWN, UP } from '../support/ingest.ts'
import { scenario } from '../support/scenario.ts'
import { BASE, filesIn } from '../support/spool.ts'
import { hasNamespaces, limit, onDisk, seenBy } from '../support/system.ts'
import { drive, expectDrained, expectRecovery } from '../support/traffic.ts'
import { until } from '../support/until.ts'

/** Nothing half written: neither a file nor a line. */
function expectWhole(directory: string): void {
  for (const file of readdirSync(directory)) {
    expect(file).not.toContain('.tmp-')
    const text = readFileSync(join(directory, file), 'utf8')
    expect(text.endsWith('\n')).toBe(true)
    for (const line of text.trimEnd().split('\n')) expect(() => JSON.parse(line) as unknown).not.toThrow()
  }
}

describe.concurrent('D1 a full disk', () => {
  scenario.skipIf(!hasNamespaces)(
    'D1 of 64 KB: nothing half written, what finds no room is counted, and it goes on when there is room',
    async ({ ingest, directory, serve }) => {
      const app = await serve({
        wrapper: onDisk(directory, 'size=64k'),
        // Whole batches only, of three pages: the sixth meets a short write first, then ENOSPC.
        env: {
          PEEKAPI_STORAGE_PATH: join(directory, BASE),
          PEEKAPI_DURABILITY: 'memory',
          PEEKAPI_MAX_BUFFER_SIZE: '100',
          PEEKAPI_BATCH_SIZE: '50',
        },
      })
      const disk = seenBy(app.process.pid!, directory)
      ingest.script = DOWN
      await drive(app, 800)
      await warned(app, 'ENOSPC')
      expectWhole(disk)
      const full = await app.stats()
      expect(full.spooled).toBeGreaterThan(100)
      expect(full.dropped.buffer_full).toBeGreaterThan(0)
      expect(full.captured).toBe(800)
      ingest.script = UP
      const { dropped } = await expectDrained(app, ingest, 800)
      expect(ingest.events).toHaveLength(801 - dropped.buffer_full)
      ingest.script = DOWN
      await drive(app, 150, 801)
      await until(
        async () => (await app.stats()).spooled >= 50,
        () => 'events on the disk that has room again',
      )
      ingest.script = UP
      await expectDrained(app, ingest, 951)
      expect(readdirSync(disk)).toEqual([])
      expect(warnings(app)).toHaveLength(1)
    },
  )

  scenario(
    'D1 a limit on the size of files: no part of a batch stays, memory keeps it all, and later the disk takes it',
    async ({ ingest, directory, serve }) => {
      const app = await serve({
        wrapper: ['bash', '-c', 'ulimit -S -f 8 && exec "$@"', 'bash'],
        env: { PEEKAPI_STORAGE_PATH: join(directory, BASE), PEEKAPI_BATCH_SIZE: '50' },
      })
      ingest.script = DOWN
      await drive(app, 200)
      await warned(app, 'EFBIG')
      expectWhole(directory)
      expect(await app.stats()).toMatchObject({ captured: 200, spooled: 0 })
      limit(app.process.pid!, 'fsize', 'unlimited')
      let events = 200
      await until(
        async () => {
          await drive(app, 1, events++)
          return filesIn(directory).length >= 4
        },
        () => `a journal of everything; got ${readdirSync(directory).join(' ')}`,
      )
      ingest.script = UP
      await expectRecovery(app, ingest, events)
      expect(warnings(app)).toHaveLength(1)
    },
  )
})
