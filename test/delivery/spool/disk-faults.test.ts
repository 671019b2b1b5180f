import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SpoolProcess } from '../../support/spool-process.ts'
import { BASE, batchOf, claimAll, numbersIn, openSpool, temporaryDirectory } from '../../support/spool.ts'
import { hasNamespaces, hasStrace, inject, onDisk } from '../../support/system.ts'

const PAGE_BYTES = 4096
const EVENT_BYTES = Buffer.byteLength(batchOf(1, 1000).lines[0]!) + 1

test.skipIf(!hasNamespaces)(
  'a full disk takes nothing in part, and takes on when there is room',
  async () => {
    const directory = temporaryDirectory()
    const child = new SpoolProcess(
      { storagePath: join(directory, BASE), timing: { retryMs: 0 } },
      onDisk(directory, 'size=64k'),
    )
    // Three of five pages leave one of sixteen: the fourth meets a short write first, then ENOSPC.
    const perBatch = Math.floor((5 * PAGE_BYTES) / EVENT_BYTES)
    const batches = Array.from({ length: 5 }, (_, n) => batchOf(perBatch, n * 1000))
    const refused = []
    for (const { id, lines } of batches) {
      await child.ask('grow', id, lines)
      if ((await child.ask('publish', id)) !== undefined) refused.push(id)
    }
    expect(refused).toHaveLength(2)
    const files = await child.ask('files', directory)
    expect(files).toHaveLength(3)
    expect(files.join()).not.toContain('.tmp-')
    await child.said(/\[peekapi\].*ENOSPC/g)
    const first = await child.ask('claim')
    await child.ask('forget', first!.id)
    expect(await child.ask('publish', refused[0]!)).toBeUndefined()
    const drained = await child.ask('drain')
    expect(drained.map(({ lines }) => lines.length)).toEqual([perBatch, perBatch, perBatch])
  },
)

test.skipIf(!hasNamespaces)('the last twentieth of a disk is left to others', async () => {
  const directory = temporaryDirectory()
  const child = new SpoolProcess(
    { storagePath: join(directory, BASE), timing: { retryMs: 0 } },
    onDisk(directory, 'size=64k'),
  )
  await child.ask('fill', join(directory, 'others'), 16 * PAGE_BYTES)
  await child.ask('grow', 'a', batchOf(1).lines)
  expect(await child.ask('publish', 'a')).toBe('spool_unavailable')
  await child.said(/\[peekapi\].*almost full/g)
})

test('a growing file that cannot grow keeps what is in it, and no half line', async () => {
  const directory = temporaryDirectory()
  // 8 blocks of 1 KiB for each file: an answer with a short count first, then EFBIG.
  const child = new SpoolProcess({ storagePath: join(directory, BASE), timing: { retryMs: 0 } }, [
    'bash',
    '-c',
    'ulimit -f 8 && exec "$@"',
    'bash',
  ])
  const batch = batchOf(30)
  await child.ask('grow', batch.id, batch.lines)
  await child.ask('journal')
  await child.ask('grow', batch.id, batchOf(30, 30).lines)
  await child.ask('journal')
  await child.said(/\[peekapi\].*EFBIG/g)
  await child.kill()
  const claimed = await claimAll(openSpool(directory))
  expect(claimed.map(({ lines }) => numbersIn(lines))).toEqual([numbersIn(batch.lines)])
})

test('without descriptors nothing is written, and later everything is', async () => {
  const directory = temporaryDirectory()
  const child = new SpoolProcess({ storagePath: join(directory, BASE), timing: { retryMs: 0 } })
  await child.ask('grow', 'a', batchOf(2).lines)
  await child.ask('grow', 'b', batchOf(2, 2).lines)
  expect(await child.ask('publish', 'a')).toBeUndefined()
  execFileSync('prlimit', [`--nofile=3:`, '--pid', String(child.process.pid)])
  expect(await child.ask('publish', 'b')).toBe('spool_unavailable')
  expect(await child.ask('claim')).toBeUndefined()
  execFileSync('prlimit', [`--nofile=1024:`, '--pid', String(child.process.pid)])
  expect(await child.ask('publish', 'b')).toBeUndefined()
  expect(await child.ask('drain')).toHaveLength(2)
})

test.skipIf(!hasStrace).each([
  ['openat', 'EIO'],
  ['rename', 'EXDEV'],
  ['rename', 'EROFS'],
])('%s fails with %s: nothing is left behind, and later nothing is lost', async (call, error) => {
  const directory = temporaryDirectory()
  const child = new SpoolProcess({ storagePath: join(directory, BASE), timing: { retryMs: 0 } })
  const batch = batchOf(3)
  await child.ask('grow', batch.id, batch.lines)
  const stop = await inject(child.process.pid!, call, error)
  expect(await child.ask('publish', batch.id)).toBe('spool_unavailable')
  expect(await child.ask('claim')).toBeUndefined()
  await stop()
  expect(readdirSync(directory)).toEqual([])
  await child.said(new RegExp(`\\[peekapi\\].*${error}`, 'g'))
  expect(await child.ask('publish', batch.id)).toBeUndefined()
  expect(await child.ask('drain')).toEqual([batch])
})
