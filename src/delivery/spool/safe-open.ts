import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { builtin } from '../../builtin.ts'

/** Windows knows neither: there the access list of the user's own directory protects. */
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0
/** Opening a fifo for reading must not wait for a writer. */
const NON_BLOCK = constants.O_NONBLOCK ?? 0

const PRIVATE_FILE = 0o600
const WRITABLE_BY_OTHERS = 0o022

/** Something stands where our file should, and it is not ours: a link, a device, another user's file. */
export class Untrusted extends Error {
  readonly code = 'EUNTRUSTED'
}

/** Creates a file; fails if there is anything of that name, even a dangling link. */
export function create(path: string): number {
  return openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW, PRIVATE_FILE)
}

export function openForAppend(path: string): { readonly descriptor: number; readonly size: number } {
  const descriptor = openSync(path, constants.O_WRONLY | constants.O_APPEND | NO_FOLLOW | NON_BLOCK)
  try {
    const stats = fstatSync(descriptor)
    requireOurs(path, stats)
    return { descriptor, size: stats.size }
  } catch (fault) {
    closeSync(descriptor)
    throw fault
  }
}

/** The whole content, at once: only for files that are no longer than a batch. */
export function readOurs(path: string): Buffer {
  const descriptor = openSync(path, constants.O_RDONLY | NO_FOLLOW | NON_BLOCK)
  try {
    requireOurs(path, fstatSync(descriptor))
    return readFileSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

export async function openForReading(path: string): Promise<FileHandle> {
  const { open } = builtin<typeof import('node:fs/promises')>('node:fs/promises')
  const handle = await open(path, constants.O_RDONLY | NO_FOLLOW | NON_BLOCK)
  try {
    requireOurs(path, await handle.stat())
    return handle
  } catch (fault) {
    await handle.close()
    throw fault
  }
}

export function requireOurs(path: string, stats: Stats): void {
  const flaw = flawOf(stats)
  if (flaw !== undefined) throw new Untrusted(`${path} ${flaw}`)
}

/** Why a file cannot be one of ours; undefined if it can. */
export function flawOf(stats: Stats): string | undefined {
  if (!stats.isFile()) return 'is not a regular file'
  if (stats.nlink > 1) return 'has a second name'
  if (process.geteuid === undefined) return undefined
  if (stats.uid !== process.geteuid()) return 'belongs to another user'
  if ((stats.mode & WRITABLE_BY_OTHERS) !== 0) return 'can be written by other users'
  return undefined
}
