import { renameSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { formatName, type FileName } from '../../../src/delivery/spool/names.ts'
import { isDead, newOwner } from '../../../src/delivery/spool/owner.ts'
import { SpoolProcess } from '../../support/spool-process.ts'
import {
  BASE,
  batchOf,
  claimAll,
  eventLine,
  filesIn,
  numbersIn,
  openSpool,
  temporaryDirectory,
} from '../../support/spool.ts'
import { until } from '../../support/until.ts'

const hasProc = process.platform === 'linux'

function start(directory: string, timing?: Partial<{ leaseMs: number; refreshMs: number }>): SpoolProcess {
  return new SpoolProcess({ storagePath: join(directory, BASE), ...(timing && { timing }) })
}

test('eight processes that claim at once get each batch once', async () => {
  const BATCHES = 100
  const directory = temporaryDirectory()
  const { spool } = openSpool(directory)
  const batches = Array.from({ length: BATCHES }, (_, n) => batchOf(2, n * 2))
  for (const batch of batches) spool.publish(batch)
  const processes = Array.from({ length: 8 }, () => start(directory))
  await Promise.all(processes.map((child) => child.ask('ledger')))
  const drained = await Promise.all(processes.map((child) => child.ask('drain')))
  expect(
    drained
      .flat()
      .map(({ id }) => id)
      .toSorted(),
  ).toEqual(batches.map(({ id }) => id).toSorted())
  expect(drained.filter((taken) => taken.length > 0).length).toBeGreaterThan(1)
  expect(filesIn(directory)).toEqual([])
})

test('what a killed process had journalled is taken over at once, under the same ids', async () => {
  const directory = temporaryDirectory()
  const child = start(directory)
  await child.ask('grow', 'first', [eventLine(1), eventLine(2)])
  await child.ask('grow', 'second', [eventLine(3)])
  await child.ask('journal')
  await child.ask('grow', 'second', [eventLine(4)])
  await child.ask('journal')
  await child.ask('grow', 'second', [eventLine(5)])
  const opened = openSpool(directory)
  expect(await opened.spool.claim()).toBeUndefined()
  await child.kill()
  const claimed = await claimAll(opened)
  expect(claimed.map(({ id, lines }) => [id, numbersIn(lines)])).toEqual([
    ['first', [1, 2]],
    ['second', [3, 4]],
  ])
})

test('a batch that another process had claimed from disk when it was killed is taken over, too', async () => {
  const directory = temporaryDirectory()
  const opened = openSpool(directory)
  const batch = batchOf(3)
  opened.spool.publish(batch)
  const child = start(directory)
  expect(await child.ask('claim')).toEqual(batch)
  expect(await opened.spool.claim()).toBeUndefined()
  await child.kill()
  expect(await claimAll(opened)).toEqual([batch])
})

/** A claim with another owner in its name and, as an option, an age. */
function forge(directory: string, owner: string, ageMs: number = 0): FileName {
  const { spool } = openSpool(directory)
  spool.journal([batchOf(1)])
  const [name] = filesIn(directory, 'claim')
  const forged = { ...name!, owner }
  const path = join(directory, formatName(BASE, forged))
  renameSync(join(directory, formatName(BASE, name!)), path)
  const time = (Date.now() - ageMs) / 1000
  utimesSync(path, time, time)
  return forged
}

const [place, pid, started] = newOwner().split('.') as [string, string, string]
const parent = String(process.ppid)

test.skipIf(!hasProc)('a pid that another program has got means a dead owner', async () => {
  const reused = `${place}.${parent}.1.0.00000000`
  expect(isDead(reused)).toBe(true)
  const directory = temporaryDirectory()
  forge(directory, reused)
  expect(await claimAll(openSpool(directory))).toHaveLength(1)
})

test.each([
  ['a living process of this machine', `${place}.${pid}.${started}.0.00000000`],
  ['a process of another container or machine', `00000000.${pid}.${started}.0.00000000`],
  ['a process of another machine whose pid nobody has here', `00000000.4194305.1.0.00000000`],
])('the claim of %s is respected until its lease runs out', async (_, owner) => {
  expect(isDead(owner)).toBe(false)
  const directory = temporaryDirectory()
  forge(directory, owner, 50_000)
  const opened = openSpool(directory)
  expect(await opened.spool.claim()).toBeUndefined()
  const [name] = filesIn(directory)
  const old = Date.now() / 1000 - 70
  utimesSync(join(directory, formatName(BASE, name!)), old, old)
  expect(await claimAll(opened)).toHaveLength(1)
})

test('a claim of a batch that waited for long is as good as any', async () => {
  const directory = temporaryDirectory()
  const { spool } = openSpool(directory)
  spool.publish(batchOf(1))
  const [name] = filesIn(directory)
  const old = Date.now() / 1000 - 3600
  utimesSync(join(directory, formatName(BASE, name!)), old, old)
  expect(await spool.claim()).toBeDefined()
  expect(await openSpool(directory).spool.claim()).toBeUndefined()
})

test('held claims do not keep a process alive', async () => {
  const directory = temporaryDirectory()
  const child = start(directory)
  await child.ask('grow', 'a', [eventLine(1)])
  await child.ask('journal')
  child.process.disconnect()
  await until(
    () => child.process.exitCode === 0,
    () => 'the end of the process',
  )
  expect(await claimAll(openSpool(directory))).toHaveLength(1)
})

test('a held claim is renewed, so that nobody takes it from a process that only waits', async () => {
  const directory = temporaryDirectory()
  const { spool } = openSpool(directory, { timing: { leaseMs: 400, refreshMs: 50 } })
  spool.journal([batchOf(1)])
  const other = openSpool(directory, { timing: { leaseMs: 400 } })
  const end = performance.now() + 1000
  while (performance.now() < end) {
    expect(await other.spool.claim()).toBeUndefined()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
})

test('a process that was paused beyond its lease lets go of what others took, and keeps the rest', async () => {
  const LEASE_MS = 300
  const timing = { leaseMs: LEASE_MS, refreshMs: 50 }
  const directory = temporaryDirectory()
  const child = start(directory, timing)
  await child.ask('grow', 'taken', [eventLine(1)])
  await child.ask('grow', 'growing', [eventLine(2)])
  await child.ask('grow', 'published', [eventLine(4)])
  await child.ask('journal')
  await child.ask('grow', 'growing', [eventLine(3)])
  await child.ask('grow', 'published', [eventLine(5)])
  child.process.kill('SIGSTOP')
  const other = openSpool(directory, { timing })
  const taken: number[] = []
  const deadline = performance.now() + 10_000
  while (taken.length < 3 && performance.now() < deadline)
    for (const { lines } of await claimAll(other)) taken.push(...numbersIn(lines))
  child.process.kill('SIGCONT')
  expect(await child.ask('seal', 'taken')).toBeUndefined()
  const rest = await child.ask('seal', 'growing')
  expect(rest?.id).not.toBe('growing')
  expect(numbersIn(rest!.lines)).toEqual([3])
  expect(await child.ask('publish', 'published')).toBeUndefined()
  expect((await claimAll(other)).map(({ lines }) => numbersIn(lines))).toEqual([[5]])
  expect(taken.toSorted()).toEqual([1, 2, 4])
  expect(filesIn(directory)).toEqual([])
})
