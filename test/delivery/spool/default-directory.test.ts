import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test, vi } from 'vitest'
import { batchOf, filesIn, openSpool, publish, temporaryDirectory } from '../../support/spool.ts'

const isRoot = process.geteuid?.() === 0
const STRANGER = 65_534

let temporary: string
let own: string
beforeEach(() => {
  temporary = temporaryDirectory()
  own = join(temporary, `peekapi-${process.geteuid?.() ?? 'user'}`)
  vi.stubEnv('TMPDIR', temporary)
  return () => void vi.unstubAllEnvs()
})

function tryDefault(apiKey: string = 'secret-key'): string | undefined {
  return publish(openSpool(temporary, { storagePath: undefined, apiKey }), batchOf(1))
}

test('it is ours alone, and names neither endpoint nor key', () => {
  expect(tryDefault()).toBeUndefined()
  const [account] = readdirSync(own)
  expect(account).toMatch(/^[0-9a-f]{16}$/)
  for (const directory of [own, join(own, account!)]) expect(lstatSync(directory).mode & 0o777).toBe(0o700)
  expect(filesIn(join(own, account!))).toHaveLength(1)
})

test('applications with different keys do not share it', () => {
  tryDefault('one')
  tryDefault('other')
  expect(readdirSync(own)).toHaveLength(2)
})

test('it is refused where it is open to others, a link, or somebody else’s', () => {
  mkdirSync(own, { mode: 0o700 })
  chmodSync(own, 0o750)
  expect(tryDefault()).toBe('spool_unavailable')
  chmodSync(own, 0o700)
  expect(tryDefault()).toBeUndefined()
  if (isRoot) {
    chownSync(own, STRANGER, STRANGER)
    expect(tryDefault('third')).toBe('spool_unavailable')
  }
})

test('a directory that somebody planted as a link is refused, and nothing is written behind it', () => {
  const elsewhere = join(temporary, 'elsewhere')
  mkdirSync(elsewhere, { mode: 0o700 })
  symlinkSync(elsewhere, own)
  expect(tryDefault()).toBe('spool_unavailable')
  expect(readdirSync(elsewhere)).toEqual([])
})

test('the inner directory is checked like the outer one', () => {
  tryDefault()
  const [account] = readdirSync(own)
  chmodSync(join(own, account!), 0o755)
  expect(tryDefault()).toBe('spool_unavailable')
})
