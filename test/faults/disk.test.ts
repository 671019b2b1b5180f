import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { warned, warnings } from '../support/disk-warnings.ts'
import { DOWN, UP } from '../support/ingest.ts'
import { ask } from '../support/request.ts'
import { scenario } from '../support/scenario.ts'
import { BASE, filesIn } from '../support/spool.ts'
import { hasNamespaces, hasStrace, inject, limit, onDisk, seenBy } from '../support/system.ts'
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

const failures: Record<string, readonly [call: string, error: string]> = {
  'a file that cannot be opened': ['openat', 'EIO'],
  'a rename across devices': ['rename', 'EXDEV'],
  'a file system that turned read-only': ['rename', 'EROFS'],
}

describe.concurrent('D6 a disk that fails', () => {
  for (const [name, [call, error]] of Object.entries(failures)) {
    scenario.skipIf(!hasStrace)(
      `D6 ${name} (${error}): said once, memory only, nothing left behind, and the disk is used again when it is well`,
      async ({ ingest, directory, serve }) => {
        const app = await serve({ env: { PEEKAPI_STORAGE_PATH: join(directory, BASE) } })
        ingest.script = () => ({ status: 429, headers: { 'retry-after': '2' } })
        await drive(app, 1)
        await until(
          () => filesIn(directory, 'claim').length === 1,
          () => 'a journal',
        )
        const heal = await inject(app.process.pid!, call, error)
        await drive(app, 40, 1)
        await warned(app, error)
        await heal()
        expect(await app.stats()).toMatchObject({ captured: 41, spooled: 0 })
        expect(readdirSync(directory).filter((file) => file.includes('.tmp-'))).toEqual([])
        let events = 41
        await until(
          async () => {
            await drive(app, 1, events++)
            return journalled(directory) >= 41
          },
          () => `a journal of everything; got ${journalled(directory)} events`,
        )
        ingest.script = UP
        await expectRecovery(app, ingest, events)
        expect(warnings(app)).toHaveLength(1)
        expect(readdirSync(directory)).toEqual([])
      },
    )
  }

  scenario(
    'D6 no descriptor left (EMFILE): neither disk nor endpoint can be had, requests are answered, later all arrives',
    async ({ ingest, directory, serve }) => {
      const app = await serve({
        env: { PEEKAPI_STORAGE_PATH: join(directory, BASE), PEEKAPI_DEBUG: 'true' },
      })
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      const request = async (n: number): Promise<void> => {
        const { status } = await ask(app.origin, '/e', { agent, headers: { 'x-api-key': String(n) } })
        expect(status).toBe(200)
      }
      const pid = app.process.pid!
      await request(0)
      limit(pid, 'nofile', 3)
      for (let n = 1; n < 20; n++) await request(n)
      await warned(app, 'EMFILE')
      await until(
        () => app.stderr.includes('delivery failed (EMFILE)'),
        () => `a failed attempt; got ${app.stderr}`,
      )
      expect(await app.stats()).toMatchObject({ captured: 20, delivered: 0, spooled: 0 })
      limit(pid, 'nofile', 1024)
      await expectRecovery(app, ingest, 20)
      agent.destroy()
    },
  )

  scenario.skipIf(!hasStrace)(
    'D6 a disk that cannot synchronise: nothing waits for it, because nothing asks it to',
    async ({ ingest, directory, serve }) => {
      const app = await serve({ env: { PEEKAPI_STORAGE_PATH: join(directory, BASE) } })
      const heal = await inject(app.process.pid!, 'fsync,fdatasync,sync_file_range', 'EIO')
      ingest.script = DOWN
      await drive(app, 40)
      await until(
        () => journalled(directory) >= 40,
        () => 'a journal of everything',
      )
      ingest.script = UP
      await expectRecovery(app, ingest, 40)
      expect(app.stderr).toBe('')
      await heal()
    },
  )
})

/** Events in the files of a directory. */
function journalled(directory: string): number {
  return readdirSync(directory).reduce((sum, file) => {
    const path = join(directory, file)
    return sum + (existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : 0)
  }, 0)
}
