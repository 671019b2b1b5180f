import { readFileSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { halves } from '../../../src/delivery/batch.ts'
import { formatName } from '../../../src/delivery/spool/names.ts'
import {
  BASE,
  batchOf,
  claimAll,
  eventLine,
  expectBooked,
  filesIn,
  numbersIn,
  openSpool,
  publish,
  temporaryDirectory,
} from '../../support/spool.ts'

function pathOf(directory: string, index: number = 0): string {
  return join(directory, formatName(BASE, filesIn(directory)[index]!))
}

test('a journalled batch has one file, which grows with it and goes with it', () => {
  const directory = temporaryDirectory()
  const { spool } = openSpool(directory)
  const batch = batchOf(2)
  spool.journal([batch])
  batch.lines.push(eventLine(2))
  spool.journal([batch])
  expect(filesIn(directory)).toMatchObject([{ state: 'claim', id: batch.id, count: undefined }])
  expect(readFileSync(pathOf(directory), 'utf8')).toBe(`${batch.lines.join('\n')}\n`)
  spool.forget(batch)
  expect(filesIn(directory)).toEqual([])
})

test('a batch that is delivered before it is journalled never touches the disk', () => {
  const directory = temporaryDirectory()
  const { spool } = openSpool(directory)
  const batch = batchOf(1)
  expect(spool.seal(batch)).toBe(batch)
  spool.forget(batch)
  expect(filesIn(directory)).toEqual([])
})

test('a published batch keeps its id and events, journalled before or not', async () => {
  const directory = temporaryDirectory()
  const writer = openSpool(directory)
  const [journalled, direct] = [batchOf(3), batchOf(2, 3)]
  writer.spool.journal([journalled])
  journalled.lines.push(eventLine(9))
  expect(publish(writer, journalled)).toBeUndefined()
  expect(publish(writer, direct)).toBeUndefined()
  expect(filesIn(directory, 'new').map(({ count }) => count)).toEqual([4, 2])
  const reader = openSpool(directory)
  expect(await claimAll(reader)).toEqual([journalled, direct])
  expect(filesIn(directory)).toEqual([])
  expectBooked(writer, reader)
})

test('a batch that is put back waits where it was, as old as it was', async () => {
  const directory = temporaryDirectory()
  const { spool } = openSpool(directory)
  const batches = [batchOf(1), batchOf(1, 1)]
  for (const batch of batches) spool.publish(batch)
  const hourAgo = Math.trunc(Date.now() / 1000) - 3600
  utimesSync(pathOf(directory), hourAgo, hourAgo)
  const first = await spool.claim()
  expect(first).toEqual(batches[0])
  spool.publish(first!)
  expect(statSync(pathOf(directory)).mtimeMs).toBe(hourAgo * 1000)
  expect(await spool.claim()).toEqual(batches[0])
})

test('what travels under an id is what is on disk under it', async () => {
  const directory = temporaryDirectory()
  const { spool } = openSpool(directory)
  const batch = batchOf(2)
  spool.journal([batch])
  batch.lines.push(eventLine(2))
  expect(spool.seal(batch)).toBe(batch)
  expect(readFileSync(pathOf(directory), 'utf8')).toBe(`${batch.lines.join('\n')}\n`)
})

test('the parts of a split batch stand for it; what was delivered of it does not come back', async () => {
  const directory = temporaryDirectory()
  const { spool } = openSpool(directory)
  const batch = batchOf(8)
  spool.journal([batch])
  const [, second] = halves(batch)
  const [third, fourth] = halves(second)
  spool.replace(batch, [third, fourth])
  expect(filesIn(directory).map(({ id }) => id)).toEqual([`${batch.id}.1.0`, `${batch.id}.1.1`])
  spool.forget(third)
  expect(spool.publish(fourth)).toBeUndefined()
  const reader = openSpool(directory)
  expect((await claimAll(reader)).map(({ lines }) => numbersIn(lines))).toEqual([[6, 7]])
})

test('a split batch that is delivered in whole leaves nothing', () => {
  const directory = temporaryDirectory()
  const { spool } = openSpool(directory)
  const batch = batchOf(4)
  spool.journal([batch])
  spool.replace(batch, [])
  expect(filesIn(directory)).toEqual([])
})

test('while the parts of a batch cannot be written, its own file stays, however often it is split', () => {
  const directory = temporaryDirectory()
  const { spool } = openSpool(directory, { maxStorageBytes: 700 })
  const batch = batchOf(4)
  spool.journal([batch])
  const [first, second] = halves(batch)
  spool.replace(batch, [first, second])
  const [third, fourth] = halves(second)
  spool.replace(second, [third, fourth])
  for (const part of [first, third]) {
    spool.forget(part)
    expect(filesIn(directory).map(({ id }) => id)).toEqual([batch.id])
  }
  spool.forget(fourth)
  expect(filesIn(directory)).toEqual([])
})

test('a damaged file gives its good events, and each bad one is counted once', async () => {
  const directory = temporaryDirectory()
  const opened = openSpool(directory)
  publish(opened, batchOf(5))
  const path = pathOf(directory)
  writeFileSync(path, `${[eventLine(0), '{"torn', eventLine(2), eventLine(3)].join('\n')}\n`)
  const batch = await opened.spool.claim()
  expect(numbersIn(batch!.lines)).toEqual([0, 2, 3])
  // Put back and claimed again: the bad lines are gone already. One was torn, one is missing.
  opened.spool.publish(batch!)
  expect(numbersIn((await claimAll(opened))[0]!.lines)).toEqual([0, 2, 3])
  expect(opened.ledger.stats({ buffered: 0, inFlight: 0 }).dropped.corrupt).toBe(2)
  expectBooked(opened)
})

test('a file without a single event is removed and counted', async () => {
  const directory = temporaryDirectory()
  const opened = openSpool(directory)
  publish(opened, batchOf(5))
  publish(opened, batchOf(1, 5))
  truncateSync(pathOf(directory))
  expect((await claimAll(opened)).map(({ lines }) => numbersIn(lines))).toEqual([[5]])
  expect(opened.ledger.stats({ buffered: 0, inFlight: 0 }).dropped.corrupt).toBe(5)
  expect(filesIn(directory)).toEqual([])
  expectBooked(opened)
})

test('batches are given up when they are too old', async () => {
  const directory = temporaryDirectory()
  const opened = openSpool(directory)
  publish(opened, batchOf(3))
  publish(opened, batchOf(4, 3))
  const DAY_S = 24 * 3600
  const eightDaysAgo = Date.now() / 1000 - 8 * DAY_S
  const sixDaysAgo = Date.now() / 1000 - 6 * DAY_S
  utimesSync(pathOf(directory, 0), eightDaysAgo, eightDaysAgo)
  utimesSync(pathOf(directory, 1), sixDaysAgo, sixDaysAgo)
  expect(await claimAll(opened)).toHaveLength(1)
  expect(opened.ledger.stats({ buffered: 0, inFlight: 0 }).dropped.expired).toBe(3)
  expectBooked(opened)
})

test('a directory that is deleted is made again, and what is in memory is written there', async () => {
  const directory = temporaryDirectory()
  const opened = openSpool(directory)
  const batch = batchOf(2)
  opened.spool.journal([batch])
  rmSync(directory, { recursive: true })
  expect(await opened.spool.claim()).toBeUndefined()
  batch.lines.push(eventLine(2))
  opened.spool.journal([batch])
  expect(readFileSync(pathOf(directory), 'utf8')).toBe(`${batch.lines.join('\n')}\n`)
  rmSync(directory, { recursive: true })
  expect(publish(opened, batch)).toBeUndefined()
  expect(numbersIn((await claimAll(opened))[0]!.lines)).toEqual([0, 1, 2])
})
