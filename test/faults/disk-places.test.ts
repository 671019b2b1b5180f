import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { warned, warnings } from '../support/disk-warnings.ts'
import { DOWN, UP } from '../support/ingest.ts'
import { lastLedger } from '../support/ledger.ts'
import { ask } from '../support/request.ts'
import { scenario } from '../support/scenario.ts'
import { BASE, filesIn } from '../support/spool.ts'
import { asStranger, hasNamespaces, isRoot, onDisk, STRANGER } from '../support/system.ts'
import { delivered, drive, expectRecovery, expectSettled } from '../support/traffic.ts'
import { until } from '../support/until.ts'

/** Places where nothing can be written, and what is said about them. */
interface BadPlace {
  readonly reason: string
  /** Prepares it; gives the path. */
  readonly make: (directory: string) => string
  readonly wrapper?: (directory: string) => readonly string[]
  readonly possible?: boolean
}

const unwritable: Record<string, BadPlace> = {
  'a read-only file system': {
    reason: 'EROFS',
    make: (directory) => join(directory, BASE),
    wrapper: (directory) => onDisk(directory, 'ro'),
    possible: hasNamespaces,
  },
  'a directory of another user': {
    reason: 'EACCES',
    make: (directory) => {
      chmodSync(directory, 0o755)
      return join(directory, BASE)
    },
    wrapper: () => asStranger,
    possible: isRoot,
  },
  'a missing parent that cannot be made': {
    reason: 'EACCES',
    make: (directory) => {
      chmodSync(directory, 0o755)
      return join(directory, 'missing', BASE)
    },
    wrapper: () => asStranger,
    possible: isRoot,
  },
  'a path below a file': {
    reason: 'ENOTDIR',
    make: (directory) => {
      writeFileSync(join(directory, 'file'), VICTIM)
      return join(directory, 'file', BASE)
    },
  },
  'a device that is always full': { reason: 'is not a regular file', make: () => '/dev/full' },
  'a fifo that nobody reads': {
    reason: 'is not a regular file',
    make: (directory) => {
      execFileSync('mkfifo', [join(directory, BASE)])
      return join(directory, BASE)
    },
  },
}

/** Something that must not change, wherever a link leads. */
const VICTIM = 'not yours\n'

function plant(directory: string, action: (path: string, victim: string) => void): string {
  const victim = join(directory, 'victim')
  writeFileSync(victim, VICTIM, { mode: 0o600 })
  action(join(directory, BASE), victim)
  return join(directory, BASE)
}

const traps: Record<string, BadPlace> = {
  'a link to a file': {
    reason: 'is not a regular file',
    make: (directory) => plant(directory, (path, victim) => symlinkSync(victim, path)),
  },
  'a dangling link': {
    reason: 'is not a regular file',
    make: (directory) => plant(directory, (path, victim) => symlinkSync(`${victim}-missing`, path)),
  },
  'a hard link': {
    reason: 'has a second name',
    make: (directory) => plant(directory, (path, victim) => linkSync(victim, path)),
  },
  'a file of another user': {
    reason: 'belongs to another user',
    make: (directory) =>
      plant(directory, (path) => {
        writeFileSync(path, VICTIM)
        chownSync(path, STRANGER, STRANGER)
      }),
    possible: isRoot,
  },
  'a directory that is a link made by another user': {
    reason: 'is a link made by another user',
    make: (directory) => {
      mkdirSync(join(directory, 'target'))
      symlinkSync(join(directory, 'target'), join(directory, 'link'))
      lchownSync(join(directory, 'link'), STRANGER, STRANGER)
      return join(directory, 'link', BASE)
    },
    possible: isRoot,
  },
  'a directory of another user': {
    reason: 'belongs to another user',
    make: (directory) => {
      mkdirSync(join(directory, 'theirs'))
      chownSync(join(directory, 'theirs'), STRANGER, STRANGER)
      return join(directory, 'theirs', BASE)
    },
    possible: isRoot,
  },
  'a directory where anybody may write': {
    reason: 'can be written by anybody',
    make: (directory) => {
      chmodSync(directory, 0o777)
      return join(directory, BASE)
    },
  },
}

/** All names, and what stands in the files. */
function contents(directory: string): Array<[string, string | undefined]> {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .toSorted()
    .map((name) => {
      const path = join(directory, name)
      return [name, lstatSync(path).isFile() ? readFileSync(path, 'utf8') : undefined]
    })
}

describe.concurrent('places that cannot be used, or must not', () => {
  const places = [
    ...Object.entries(unwritable).map(([name, place]) => [`D2 ${name}`, place] as const),
    ...Object.entries(traps).map(([name, place]) => [`D3 ${name}`, place] as const),
  ]
  for (const [name, { reason, make, wrapper, possible = true }] of places) {
    scenario.skipIf(!possible)(
      `${name}: memory only, said once, nothing touched, and what is lost at the end is counted`,
      async ({ ingest, directory, serve }) => {
        const path = make(directory)
        const before = contents(directory)
        const app = await serve({
          file: 'fixtures/endings/exit-in-handler.cjs',
          ...(wrapper && { wrapper: wrapper(directory) }),
          env: { PEEKAPI_STORAGE_PATH: path, PEEKAPI_DEBUG: 'true', PEEKAPI_SHUTDOWN_TIMEOUT: '100ms' },
        })
        ingest.script = DOWN
        await drive(app, 20)
        await warned(app, reason)
        expect(await app.stats()).toMatchObject({ captured: 20, spooled: 0 })
        ingest.script = UP
        await expectRecovery(app, ingest, 20)
        ingest.script = () => ({ broken: 'never' })
        await drive(app, 7, 21)
        await ask(app.origin, '/exit').catch(() => {})
        const { code, stderr } = await app.ended
        expect(code).toBe(5)
        const ledger = lastLedger(stderr)
        // The request for the exit may or may not be over when it comes.
        expect(ledger['captured']).toBeGreaterThanOrEqual(28)
        expect(ledger).toMatchObject({ delivered: 21, buffered: 0, spooled: 0 })
        expect(ledger['dropped.spool_unavailable']).toBe(ledger['captured']! - 21)
        expect(warnings(app)).toHaveLength(1)
        expect(contents(directory)).toEqual(before)
      },
    )
  }

  scenario(
    'D2 parents that are missing, and a directory as the path, are no fault',
    async ({ ingest, directory, serve }) => {
      const inside = join(directory, 'inside')
      mkdirSync(inside)
      const made = join(directory, 'deep', 'down')
      for (const [path, holder] of [
        [inside, inside],
        [join(made, BASE), made],
      ] as const) {
        const app = await serve({ env: { PEEKAPI_STORAGE_PATH: path, PEEKAPI_FLUSH_INTERVAL: '10m' } })
        await drive(app, 3)
        await until(
          () => existsSync(holder) && filesIn(holder).length > 0,
          () => `a journal at ${path}`,
        )
        expect(app.stderr).toBe('')
        await app.stop()
      }
      expect(ingest.events).toHaveLength(6)
    },
  )

  scenario(
    'D2 a place that can be used again just before the exit: nothing is lost, though the disk had failed a moment ago',
    async ({ ingest, directory, serve }) => {
      const blocked = join(directory, 'spool')
      writeFileSync(blocked, VICTIM)
      const env = { PEEKAPI_STORAGE_PATH: join(blocked, BASE), PEEKAPI_DEBUG: 'true' }
      ingest.script = () => ({ status: 401 })
      const app = await serve({ file: 'fixtures/endings/exit-in-handler.cjs', env })
      await drive(app, 20)
      await warned(app, 'ENOTDIR')
      rmSync(blocked)
      await ask(app.origin, '/exit').catch(() => {})
      const { stderr } = await app.ended
      const ledger = lastLedger(stderr)
      expect(ledger).toMatchObject({ delivered: 0, spooled: ledger['captured'] })
      ingest.script = UP
      const next = await serve({ env })
      await until(
        () => delivered(ingest).filter((n) => n >= 0).length === 20,
        () => `20 events; got ${delivered(ingest).length}`,
        15_000,
      )
      await drive(next, 1, 20)
      await until(
        () => delivered(ingest).includes(20),
        () => 'the fresh event',
      )
      await expectSettled(next)
    },
  )
})
