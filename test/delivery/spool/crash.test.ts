import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SpoolProcess } from '../../support/spool-process.ts'
import { BASE, claimAll, filesIn, numbersIn, openSpool, temporaryDirectory } from '../../support/spool.ts'
import { until } from '../../support/until.ts'

/** `npm run test:soak` plays many more. */
const ROUNDS = 10
const EVENTS_PER_CONFIRMATION = 10

test('what a process has put on disk survives its death at any moment, whole and once', async () => {
  const directory = temporaryDirectory()
  const storagePath = join(directory, BASE)
  const maxStorageBytes = 50_000_000
  const confirmed = new Set<number>()
  for (let round = 0; round < ROUNDS; round++) {
    const child = new SpoolProcess({ storagePath, maxStorageBytes })
    child.tell('load', round * 1_000_000)
    // Not the same moment each time: the first confirmation, and then somewhere in the next milliseconds.
    await until(
      () => child.stdout !== '',
      () => `a first batch; ${child.stderr}`,
    )
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 20))
    await child.kill()
    // The last line may be cut off by the kill.
    for (const line of child.stdout.split('\n').slice(0, -1))
      for (let n = 0; n < EVENTS_PER_CONFIRMATION; n++) confirmed.add(Number(line) + n)
  }
  const opened = openSpool(directory, { maxStorageBytes })
  const recovered = (await claimAll(opened)).flatMap(({ lines }) => numbersIn(lines))
  const distinct = new Set(recovered)
  expect(distinct.size).toBe(recovered.length)
  expect([...confirmed].filter((number) => !distinct.has(number))).toEqual([])
  // Beyond what was confirmed: at most the batch that each process was at.
  expect(recovered.length - confirmed.size).toBeLessThanOrEqual(ROUNDS * EVENTS_PER_CONFIRMATION)
  // A write that the kill cut short shows as one torn line, never as an event.
  expect(opened.ledger.stats({ buffered: 0, inFlight: 0 }).dropped.corrupt).toBeLessThanOrEqual(ROUNDS)
  expect(filesIn(directory)).toEqual([])
})

test('a directory that is removed under load is made again, and the load goes on', async () => {
  const directory = temporaryDirectory()
  const child = new SpoolProcess({ storagePath: join(directory, BASE), timing: { retryMs: 0 } })
  child.tell('load', 0)
  for (let round = 0; round < 3; round++) {
    const confirmed = child.stdout.length
    await until(
      () => child.stdout.length > confirmed,
      () => `more batches; ${child.stderr}`,
    )
    rmSync(directory, { recursive: true, force: true, maxRetries: 10 })
  }
  await until(
    () => existsSync(directory) && filesIn(directory).length > 0,
    () => `a new directory; ${child.stderr}`,
  )
  expect(child.process.exitCode).toBeNull()
})
