import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { formatName } from '../../../src/delivery/spool/names.ts'
import {
  create,
  openForAppend,
  openForReading,
  readOurs,
  Untrusted,
} from '../../../src/delivery/spool/safe-open.ts'
import { SpoolProcess } from '../../support/spool-process.ts'
import {
  BASE,
  batchOf,
  claimAll,
  eventLine,
  expectBooked,
  filesIn,
  openSpool,
  publish,
  temporaryDirectory,
} from '../../support/spool.ts'

const isRoot = process.geteuid?.() === 0
const STRANGER = 65_534
if (!isRoot) console.log('skipped where another user is needed: these tests do not run as root')

/** Something that must not change, wherever a link leads. */
const SECRET = 'not yours\n'

function expectRefused(storagePath: string, directory: string = temporaryDirectory()): void {
  const opened = openSpool(directory, { storagePath })
  const batch = batchOf(2)
  opened.spool.journal([batch])
  expect(publish(opened, batch)).toBe('spool_unavailable')
  opened.spool.forget(batch)
  expectBooked(opened)
}

describe('a base path that is somebody’s trap or a mistake', () => {
  const traps: Record<string, (path: string, victim: string) => void> = {
    'a link to a file': (path, victim) => symlinkSync(victim, path),
    'a link to nowhere': (path, victim) => symlinkSync(`${victim}-missing`, path),
    'a second name of a file': (path, victim) => linkSync(victim, path),
    'a fifo': (path) => void execFileSync('mkfifo', [path]),
  }
  test.each(Object.entries(traps))('%s is refused, and nothing happens to the victim', async (_, plant) => {
    const directory = temporaryDirectory()
    const victim = join(directory, 'victim')
    writeFileSync(victim, SECRET)
    const path = join(directory, BASE)
    plant(path, victim)
    expectRefused(path)
    expect(await openSpool(directory, { storagePath: path }).spool.claim()).toBeUndefined()
    expect(readFileSync(victim, 'utf8')).toBe(SECRET)
    expect(readdirSync(directory).toSorted()).toEqual([BASE, 'victim'])
  })

  test('a device is refused', () => expectRefused('/dev/full'))

  test('a path below a file is refused', () => {
    const directory = temporaryDirectory()
    writeFileSync(join(directory, 'file'), SECRET)
    expectRefused(join(directory, 'file', BASE))
    expect(readFileSync(join(directory, 'file'), 'utf8')).toBe(SECRET)
  })

  test.skipIf(!isRoot)('a file of another user is refused', () => {
    const path = join(temporaryDirectory(), BASE)
    writeFileSync(path, SECRET)
    chownSync(path, STRANGER, STRANGER)
    expectRefused(path)
    expect(readFileSync(path, 'utf8')).toBe(SECRET)
  })
})

describe('the directory of a base path', () => {
  test('a directory as the path holds the files itself', () => {
    const directory = temporaryDirectory()
    const inside = join(directory, 'inside')
    mkdirSync(inside)
    for (const storagePath of [inside, join(directory, 'made/'), join(directory, 'deep', 'down', BASE)])
      expect(publish(openSpool(directory, { storagePath }), batchOf(1))).toBeUndefined()
    expect(filesIn(inside)).toHaveLength(1)
    expect(filesIn(join(directory, 'made'))).toHaveLength(1)
    expect(filesIn(join(directory, 'deep', 'down'))).toHaveLength(1)
    expect(lstatSync(join(directory, 'made')).mode & 0o777).toBe(0o700)
  })

  test('anybody may write there: refused, unless only owners may remove', () => {
    const directory = temporaryDirectory()
    chmodSync(directory, 0o777)
    expectRefused(join(directory, BASE))
    chmodSync(directory, 0o1777)
    expect(publish(openSpool(directory), batchOf(1))).toBeUndefined()
  })

  test.skipIf(!isRoot)('another user owns it, or made the link to it: refused', () => {
    const directory = temporaryDirectory()
    const target = join(directory, 'target')
    mkdirSync(target)
    const link = join(directory, 'link')
    symlinkSync(target, link)
    expect(publish(openSpool(directory, { storagePath: join(link, BASE) }), batchOf(1))).toBeUndefined()
    execFileSync('chown', ['-h', String(STRANGER), link])
    expectRefused(join(link, BASE))
    chownSync(target, STRANGER, STRANGER)
    expectRefused(join(target, BASE))
    expect(filesIn(target)).toHaveLength(1)
  })

  test.skipIf(!isRoot)(
    'we may not write there: one line says so, and nothing is lost in silence',
    async () => {
      const directory = temporaryDirectory()
      const asNobody = ['setpriv', '--reuid', String(STRANGER), '--clear-groups']
      chmodSync(directory, 0o755)
      const child = new SpoolProcess({ storagePath: join(directory, BASE), timing: { retryMs: 0 } }, asNobody)
      await child.ask('grow', 'a', [eventLine(1)])
      for (let attempt = 0; attempt < 3; attempt++)
        expect(await child.ask('publish', 'a')).toBe('spool_unavailable')
      await child.said(/\[peekapi\].*EACCES/g)
      expect(readdirSync(directory)).toEqual([])
    },
  )
})

describe('planted batch files', () => {
  test.each(['link', 'second name', 'other user', 'writable by others'])(
    'a %s is not read, not sent, not removed',
    async (kind) => {
      if (kind === 'other user' && !isRoot) return
      const directory = temporaryDirectory()
      const opened = openSpool(directory)
      publish(opened, batchOf(1))
      const [name] = filesIn(directory)
      const planted = join(directory, formatName(BASE, { ...name!, time: '000000000', id: 'planted' }))
      const victim = join(directory, 'victim')
      writeFileSync(victim, `${eventLine(666)}\n`, { mode: 0o600 })
      if (kind === 'link') symlinkSync(victim, planted)
      else if (kind === 'second name') linkSync(victim, planted)
      else writeFileSync(planted, `${eventLine(666)}\n`)
      if (kind === 'other user') chownSync(planted, STRANGER, STRANGER)
      if (kind === 'writable by others') chmodSync(planted, 0o666)
      expect(await claimAll(opened)).toHaveLength(1)
      expect(existsSync(planted)).toBe(true)
      expect(readFileSync(victim, 'utf8')).toBe(`${eventLine(666)}\n`)
    },
  )

  test('what others plant does not use up our room', () => {
    const directory = temporaryDirectory()
    const opened = openSpool(directory, { maxStorageBytes: 10_000 })
    publish(opened, batchOf(1))
    const [name] = filesIn(directory)
    const planted = join(directory, formatName(BASE, { ...name!, id: 'planted' }))
    writeFileSync(planted, 'x'.repeat(20_000), { mode: 0o666 })
    chmodSync(planted, 0o666)
    expect(publish(opened, batchOf(1))).toBeUndefined()
    expect(existsSync(planted)).toBe(true)
    expect(opened.ledger.stats({ buffered: 0, inFlight: 0 }).dropped.spool_full).toBe(0)
  })
})

describe('what is planted between a look and an open', () => {
  test('a link is not followed, a fifo does not hang, and nothing is written over', async () => {
    const directory = temporaryDirectory()
    const victim = join(directory, 'victim')
    writeFileSync(victim, SECRET, { mode: 0o600 })
    const at = (name: string): string => join(directory, name)
    symlinkSync(victim, at('link'))
    symlinkSync(at('missing'), at('dangling'))
    execFileSync('mkfifo', [at('fifo')])
    await expect(openForReading(at('link'))).rejects.toMatchObject({ code: 'ELOOP' })
    await expect(openForReading(at('fifo'))).rejects.toBeInstanceOf(Untrusted)
    expect(() => readOurs(at('fifo'))).toThrow(Untrusted)
    expect(() => openForAppend(at('link'))).toThrow(/ELOOP/)
    expect(() => openForAppend('/dev/full')).toThrow(Untrusted)
    for (const name of ['link', 'dangling', 'fifo', 'victim'])
      expect(() => create(at(name))).toThrow(/EEXIST/)
    expect(readFileSync(victim, 'utf8')).toBe(SECRET)
    expect(existsSync(at('missing'))).toBe(false)
  })
})
