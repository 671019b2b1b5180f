import { lstatSync, mkdirSync, statSync, type Stats } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { builtin } from '../../builtin.ts'
import { flawOf, Untrusted } from './safe-open.ts'

/** Where the files are. `<directory>/<base>` is the path that the user knows; ours stand beside it. */
export interface Location {
  readonly directory: string
  readonly base: string
  /** Directories that nobody but us may enter, outermost first; none where the user named the place. */
  readonly privateLevels: readonly string[]
}

const DEFAULT_BASE = 'events'
const PRIVATE_DIRECTORY = 0o700
const OPEN_TO_OTHERS = 0o077
const WRITABLE_BY_ANYBODY = 0o002
const STICKY = 0o1000
const ROOT = 0

/** By endpoint and key, so that the events of one application never leave under the key of another. */
export function defaultLocation(endpoint: string, apiKey: string): Location {
  const { createHash } = builtin<typeof import('node:crypto')>('node:crypto')
  const account = createHash('sha256').update(`${endpoint}\0${apiKey}`).digest('hex').slice(0, 16)
  const own = join(tmpdir(), `peekapi-${process.geteuid?.() ?? 'user'}`)
  const directory = join(own, account)
  return { directory, base: DEFAULT_BASE, privateLevels: [own, directory] }
}

export function locationAt(storagePath: string): Location {
  const path = resolve(storagePath)
  const isDirectory = storagePath.endsWith('/') || storagePath.endsWith(sep) || found(path)?.isDirectory()
  return isDirectory
    ? { directory: path, base: DEFAULT_BASE, privateLevels: [] }
    : { directory: dirname(path), base: basename(path), privateLevels: [] }
}

/**
 * Makes the directory if need be, and makes sure that nobody else can put a file of his own in our way.
 * @throws Untrusted, or what the system says.
 */
export function secure(location: Location): void {
  if (location.privateLevels.length > 0) {
    for (const level of location.privateLevels) securePrivate(level)
    return
  }
  mkdirSync(location.directory, { recursive: true, mode: PRIVATE_DIRECTORY })
  requireFitting(location.directory)
  requireHarmless(join(location.directory, location.base))
}

/**
 * We never open the path itself but to read another SDK's file. Still, a link or a device there means that the name
 * is somebody's trap or a mistake. Loose permissions are the business of whoever reads it.
 */
function requireHarmless(path: string): void {
  const stats = found(path)
  if (stats === undefined) return
  if (!stats.isFile() || stats.nlink > 1 || isForeign(stats)) throw new Untrusted(`${path} ${flawOf(stats)}`)
}

function securePrivate(directory: string): void {
  try {
    mkdirSync(directory, { mode: PRIVATE_DIRECTORY })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  // After the fact: `mkdir` leaves what is there as it is, whoever made it, and follows links.
  const stats = lstatSync(directory)
  if (!stats.isDirectory()) throw new Untrusted(`${directory} is not a directory`)
  if (isForeign(stats)) throw new Untrusted(`${directory} belongs to another user`)
  if (process.geteuid !== undefined && (stats.mode & OPEN_TO_OTHERS) !== 0)
    throw new Untrusted(`${directory} is open to other users`)
}

/** The user's own choice of place may be shared, as long as strangers cannot rename or remove what is ours. */
function requireFitting(directory: string): void {
  if (process.geteuid === undefined) return
  const entry = lstatSync(directory)
  // Whoever made a link decides where it leads.
  if (entry.isSymbolicLink() && isStranger(entry))
    throw new Untrusted(`${directory} is a link made by another user`)
  const stats = statSync(directory)
  if (isStranger(stats)) throw new Untrusted(`${directory} belongs to another user`)
  if ((stats.mode & WRITABLE_BY_ANYBODY) !== 0 && (stats.mode & STICKY) === 0)
    throw new Untrusted(`${directory} can be written by anybody`)
}

function isForeign(stats: Stats): boolean {
  return process.geteuid !== undefined && stats.uid !== process.geteuid()
}

function isStranger(stats: Stats): boolean {
  return isForeign(stats) && stats.uid !== ROOT
}

function found(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false })
}
