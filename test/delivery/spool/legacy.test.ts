import {
  appendFileSync,
  closeSync,
  fstatSync,
  openSync,
  readdirSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { BatchFile, textOf } from '../../../src/delivery/spool/batch-file.ts'
import { locationAt } from '../../../src/delivery/spool/directory.ts'
import { Import, type ImportOptions } from '../../../src/delivery/spool/import.ts'
import { newOwner } from '../../../src/delivery/spool/owner.ts'
import { Place } from '../../../src/delivery/spool/place.ts'
import { SpoolProcess } from '../../support/spool-process.ts'
import {
  BASE,
  batchOf,
  claimAll,
  filesIn,
  numbersIn,
  openSpool,
  temporaryDirectory,
} from '../../support/spool.ts'

/** As another PeekAPI SDK writes it: a batch is an array on one line. */
function legacyLine(count: number, from: number): string {
  return `[${batchOf(count, from).lines.join(',')}]\n`
}

const PRIVATE = { mode: 0o600 }

test('the file of another SDK is sent in batches of our size, and goes', async () => {
  const directory = temporaryDirectory()
  writeFileSync(join(directory, BASE), legacyLine(250, 0) + legacyLine(30, 250), PRIVATE)
  const claimed = await claimAll(openSpool(directory))
  expect(claimed.map(({ lines }) => lines.length)).toEqual([100, 100, 80])
  expect(claimed.flatMap(({ lines }) => numbersIn(lines))).toEqual(numbersIn(batchOf(280).lines))
  expect(readdirSync(directory)).toEqual([])
})

test('the same content gets the same ids again', async () => {
  const ids = []
  for (let run = 0; run < 2; run++) {
    const directory = temporaryDirectory()
    writeFileSync(join(directory, BASE), legacyLine(120, 0), PRIVATE)
    ids.push((await claimAll(openSpool(directory))).map(({ id }) => id))
  }
  expect(ids[0]).toHaveLength(2)
  expect(ids[1]).toEqual(ids[0])
})

test('corrupt lines are counted, the others are sent, and the ledger closes', async () => {
  const directory = temporaryDirectory()
  writeFileSync(join(directory, BASE), `${legacyLine(2, 0)}[{"torn\n${legacyLine(1, 2)}[{}]\n`, PRIVATE)
  const opened = openSpool(directory)
  expect((await claimAll(opened)).flatMap(({ lines }) => numbersIn(lines))).toEqual([0, 1, 2])
  const stats = opened.ledger.stats({ buffered: 0, inFlight: 0 })
  expect(stats.dropped.corrupt).toBe(2)
  expect(stats.delivered + stats.dropped.corrupt + stats.spooled).toBe(stats.captured)
})

test('a file that an SDK is still sending is left to it', async () => {
  const directory = temporaryDirectory()
  writeFileSync(join(directory, `${BASE}.recovering`), legacyLine(1, 0), PRIVATE)
  expect(await claimAll(openSpool(directory))).toEqual([])
  expect(await claimAll(openSpool(directory, { timing: { legacyRestMs: 0 } }))).toHaveLength(1)
})

test('an import that finds no room leaves everything as it was, and is done later', async () => {
  const directory = temporaryDirectory()
  const content = legacyLine(200, 0)
  writeFileSync(join(directory, BASE), content, PRIVATE)
  const holder = openSpool(directory)
  const held = batchOf(100, 1000)
  holder.spool.journal([held])
  const tight = openSpool(directory, { maxStorageBytes: Buffer.byteLength(content) / 2 })
  expect(await claimAll(tight)).toEqual([])
  expect(filesIn(directory, 'new')).toEqual([])
  holder.spool.forget(held)
  expect(await claimAll(openSpool(directory))).toEqual([])
  const claimed = await claimAll(openSpool(directory, { timing: { leaseMs: -1 } }))
  expect(claimed.flatMap(({ lines }) => numbersIn(lines))).toEqual(numbersIn(batchOf(200).lines))
})

/** An import of a real file whose surroundings the test plays. */
function importOf(directory: string, { write, remove }: Pick<ImportOptions, 'write' | 'remove'>): Import {
  writeFileSync(join(directory, BASE), legacyLine(150, 0), PRIVATE)
  return new Import({ batchSize: 100, maxEventBytes: 65_536, write, remove })
}

test('what is appended between the last look and the removal is read through the open handle', async () => {
  const directory = temporaryDirectory()
  const path = join(directory, BASE)
  const place = new Place(locationAt(path), newOwner())
  const importing = importOf(directory, {
    write: ({ id, lines }) => BatchFile.write(place, 'new', id, textOf(lines)),
    remove: () => {
      appendFileSync(path, legacyLine(2, 150))
      unlinkSync(path)
    },
  })
  await importing.run(path)
  const claimed = await claimAll(openSpool(directory))
  expect(claimed.flatMap(({ lines }) => numbersIn(lines))).toEqual(numbersIn(batchOf(152).lines))
})

test('an import that fails half-way takes back what it wrote', async () => {
  const directory = temporaryDirectory()
  const path = join(directory, BASE)
  const place = new Place(locationAt(path), newOwner())
  let writes = 0
  const importing = importOf(directory, {
    write: ({ id, lines }) => {
      if (writes++ > 0) throw new Error('no space left')
      return BatchFile.write(place, 'new', id, textOf(lines))
    },
    remove: () => unlinkSync(path),
  })
  await expect(importing.run(path)).rejects.toThrow('no space left')
  expect(readdirSync(directory)).toEqual([BASE])
})

test('more than a batch under one of our names is sent in slices', async () => {
  const directory = temporaryDirectory()
  const { spool } = openSpool(directory, { maxStorageBytes: 10_000_000 })
  spool.publish(batchOf(10_001))
  const claimed = await claimAll(openSpool(directory, { maxStorageBytes: 10_000_000, batchSize: 4000 }))
  expect(claimed.map(({ lines }) => lines.length)).toEqual([4000, 4000, 2001])
  expect(filesIn(directory)).toEqual([])
})

test('nothing is lost that a writer appends while its file is taken away, if it looks back', async () => {
  const WRITES = 3000
  const directory = temporaryDirectory()
  const path = join(directory, BASE)
  const child = new SpoolProcess({ storagePath: path })
  const received = new Set<number>()
  const drain = async (): Promise<void> => {
    for (const { lines } of await child.ask('drain')) for (const n of numbersIn(lines)) received.add(n)
  }
  const append = async (text: string, pause: boolean): Promise<void> => {
    const descriptor = openSync(path, 'a', 0o600)
    if (pause) await new Promise(setImmediate)
    writeSync(descriptor, text)
    const { nlink } = fstatSync(descriptor)
    closeSync(descriptor)
    // Gone after the last look of whoever took it, perhaps: once more, in a new file.
    if (nlink === 0) await append(text, false)
  }
  await drain()
  const writing = new AbortController()
  const draining = (async () => {
    while (!writing.signal.aborted) await drain()
  })()
  for (let n = 0; n < WRITES; n++) await append(legacyLine(1, n), n % 10 === 0)
  writing.abort()
  await draining
  await drain()
  expect([...received].toSorted((a, b) => a - b)).toEqual(Array.from({ length: WRITES }, (_, n) => n))
})
