import { lstatSync, readdirSync, statfsSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { DiskAccount } from './account.ts'
import { byAge, parseName, type FileName } from './names.ts'
import { isDead } from './owner.ts'
import type { Place } from './place.ts'
import { flawOf, readOurs } from './safe-open.ts'
import type { Refusal } from './spool.ts'

/** At most a tenth of the time goes into looking: a scan is trusted for ten times as long as it took. */
const TRUST_FACTOR = 10
/** A file system that is fuller than this has other worries than analytics, … */
const MAX_DISK_USAGE = 0.95
/** … unless it is so large that the rest of it still holds this many of our spools. */
const SPOOLS_IN_REST = 100

interface Evictable {
  readonly name: FileName
  readonly bytes: number
}

/** Keeps all files of a spool, of whatever process, below the limit: the oldest batches make room for new ones. */
export class Capacity {
  readonly #place: Place
  readonly #maxBytes: number
  readonly #account: DiskAccount
  /** Sizes of files that do not change any more. */
  #sizes = new Map<string, number>()
  #evictable: Evictable[] = []
  #usedBytes = 0
  #diskFull = false
  #trustedUntil = 0

  constructor(place: Place, maxBytes: number, account: DiskAccount) {
    this.#place = place
    this.#maxBytes = maxBytes
    this.#account = account
  }

  /**
   * Makes room, if need be by giving up the oldest batches.
   * @param replaced Bytes on disk that the new ones stand for and that will go.
   */
  reserve(bytes: number, replaced: number = 0): Refusal | undefined {
    const allowed = this.#maxBytes + replaced
    if (bytes > allowed) return 'spool_full'
    if (performance.now() >= this.#trustedUntil) this.#scan()
    if (this.#diskFull) return 'spool_unavailable'
    if (this.#usedBytes + bytes > allowed) {
      // What can be given up may have been put there since.
      this.#scan()
      this.#evict(allowed - bytes)
    }
    if (this.#usedBytes + bytes > allowed) return 'spool_full'
    this.#usedBytes += bytes
    return undefined
  }

  /** Bytes of ours that are gone from the disk. */
  release(bytes: number): void {
    this.#usedBytes -= bytes
  }

  #scan(): void {
    const started = performance.now()
    const { directory, base } = this.#place.location
    const known = this.#sizes
    this.#sizes = new Map()
    this.#evictable = []
    this.#usedBytes = 0
    for (const file of readdirSync(directory)) {
      if (!file.startsWith(base)) continue
      const name = parseName(base, file)
      if (name === undefined && file !== base) continue
      const bytes = known.get(file) ?? sizeOf(join(directory, file))
      if (bytes === undefined) continue
      this.#usedBytes += bytes
      if (name === undefined || name.state === 'tmp') continue
      if (name.state !== 'claim') this.#sizes.set(file, bytes)
      this.#evictable.push({ name, bytes })
    }
    this.#diskFull = isFull(directory, this.#maxBytes)
    this.#trustedUntil = performance.now() + (performance.now() - started) * TRUST_FACTOR
  }

  #evict(untilBytes: number): void {
    for (const { name, bytes } of this.#evictable.toSorted(byWorth)) {
      if (this.#usedBytes <= untilBytes) break
      if (name.state === 'claim' && !isDead(name.owner)) continue
      this.#giveUp(name, bytes)
    }
  }

  /** Unlinking is as good as claiming: of all processes that try, only one succeeds, and no claim after it does. */
  #giveUp(name: FileName, bytes: number): void {
    const path = this.#place.path(name)
    try {
      const events = name.count ?? linesIn(path)
      unlinkSync(path)
      this.#usedBytes -= bytes
      this.#account.vanished('spool_full', events)
    } catch {
      // Claimed by another process meanwhile, or given up: then the other one needs that room. Other faults show
      // at our own write.
    }
  }
}

/** What cannot be read goes first, then the oldest. */
function byWorth(a: Evictable, b: Evictable): number {
  const unreadable = Number(b.name.state === 'bad') - Number(a.name.state === 'bad')
  return unreadable === 0 ? byAge(a.name, b.name) : unreadable
}

/** Undefined for what is gone, and for what a stranger put beside our files: it does not use up our room. */
function sizeOf(path: string): number | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  return stats === undefined || flawOf(stats) !== undefined ? undefined : stats.size
}

/** Events in a file whose name does not say: it was still growing when its owner died. */
export function linesIn(path: string): number {
  const text = readOurs(path)
  let lines = 0
  for (let at = text.indexOf(NEWLINE); at !== -1; at = text.indexOf(NEWLINE, at + 1)) lines++
  return lines
}

const NEWLINE = 0x0a

function isFull(directory: string, spoolBytes: number): boolean {
  const { blocks, bfree, bavail, bsize } = statfsSync(directory)
  const used = blocks - bfree
  // Some file systems (FUSE, overlays of the cloud) report no blocks at all.
  if (used + bavail === 0) return false
  return used / (used + bavail) > MAX_DISK_USAGE && bavail * bsize < spoolBytes * SPOOLS_IN_REST
}
