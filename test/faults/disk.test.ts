import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
        // Whole batches only, of three pages: the third meets a short write first, then ENOSPC.
        env: {
          PEEKAPI_STORAGE_PATH: join(directory, BASE),
          PEEKAPI_DURABILITY: 'memory',
          PEEKAPI_FLUSH_INTERVAL: '5s',
          PEEKAPI_MAX_BUFFER_SIZE: '100',
          PEEKAPI_BATCH_SIZE: '50',
        },
      })
      const disk = seenBy(app.process.pid!, directory)
      const filler = join(disk, 'others')
      writeFileSync(filler, Buffer.alloc(9 * 4096))
      ingest.script = DOWN
      await drive(app, 400)
      await warned(app, 'ENOSPC')
      const full = await app.stats()
      expect(full.captured).toBe(400)
      expect(full.spooled).toBeGreaterThan(0)
      expect(full.dropped.buffer_full).toBeGreaterThan(0)
      rmSync(filler)
      expectWhole(disk)
      let events = 400
      await until(
        async () => {
          await drive(app, 1, events++)
          return (await app.stats()).spooled > full.spooled
        },
        () => 'events on the disk that has room again',
      )
      ingest.script = UP
      const { captured, dropped } = await expectDrained(app, ingest, events)
      expect(ingest.events).toHaveLength(captured - dropped.buffer_full)
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
