import { chmodSync, chownSync, renameSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { formatName } from '../../../src/delivery/spool/names.ts'
import { newOwner } from '../../../src/delivery/spool/owner.ts'
import { SpoolProcess } from '../../support/spool-process.ts'
import { BASE, batchOf, filesIn, openSpool, publish, temporaryDirectory } from '../../support/spool.ts'

const isRoot = process.geteuid?.() === 0
const ANOTHER_USER = 65_534

const living = newOwner()
const dead = living.replace(/\.\d+\.\d+\./, '.4194304.1.')

test.each([
  ['of a dead process', dead, 0, false],
  ['of a living process', living, 50_000, true],
  ['that a living process has left for a minute', living, 70_000, false],
  ['of a process of another machine', living.replace(/^\w+/, '00000000'), 50_000, true],
  [
    'that a process of another machine has left for a minute',
    living.replace(/^\w+/, '00000000'),
    70_000,
    false,
  ],
])('a half-written file %s', async (_, owner, ageMs, stays) => {
  const directory = temporaryDirectory()
  const opened = openSpool(directory)
  publish(opened, batchOf(1))
  const [name] = filesIn(directory)
  const path = join(directory, formatName(BASE, { ...name!, state: 'tmp', owner }))
  renameSync(join(directory, formatName(BASE, name!)), path)
  const time = (Date.now() - ageMs) / 1000
  utimesSync(path, time, time)
  expect(await opened.spool.claim()).toBeUndefined()
  expect(filesIn(directory, 'tmp')).toHaveLength(stays ? 1 : 0)
})

test('a file that cannot be read three times is set aside, and makes room before any other', async () => {
  const directory = temporaryDirectory()
  const opened = openSpool(directory)
  const [unreadable, good] = [batchOf(3), batchOf(3, 3)]
  for (const batch of [good, unreadable]) publish(opened, batch)
  for (const name of filesIn(directory)) {
    const path = join(directory, formatName(BASE, name))
    if (name.id === unreadable.id) chmodSync(path, 0o200)
    if (isRoot) chownSync(path, ANOTHER_USER, ANOTHER_USER)
  }
  if (isRoot) chownSync(directory, ANOTHER_USER, ANOTHER_USER)
  // Root reads everything, whatever the mode.
  const wrapper = isRoot ? ['setpriv', '--reuid', String(ANOTHER_USER), '--clear-groups'] : []
  const child = new SpoolProcess({ storagePath: join(directory, BASE), maxStorageBytes: 1000 }, wrapper)
  expect((await child.ask('claim'))?.id).toBe(good.id)
  for (let attempt = 0; attempt < 3; attempt++) expect(await child.ask('claim')).toBeUndefined()
  expect(filesIn(directory, 'bad')).toMatchObject([{ id: unreadable.id, count: 3 }])
  await child.ask('publish', good.id)
  await child.ask('grow', 'more', batchOf(3).lines)
  await child.ask('publish', 'more')
  expect(filesIn(directory).map(({ id }) => id)).toEqual([good.id, 'more'])
  expect((await child.ask('ledger')).dropped.spool_full).toBe(3)
})
