import { lstatSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { builtin } from '../../builtin.ts'
import { debug } from '../../log.ts'
import type { DiskAccount } from './account.ts'
import { removeQuietly } from './batch-file.ts'
import { linesIn } from './capacity.ts'
import type { Lease } from './lease.ts'
import { byAge, LEGACY_ID, parseName, type FileName } from './names.ts'
import { isDead } from './owner.ts'
import type { Place } from './place.ts'
import { flawOf } from './safe-open.ts'

/** Other SDKs of ours move their file here while they send it, and keep it until a restart. */
const LEGACY_RECOVERING = '.recovering'

export interface SurveyLimits {
  /** A claim that was not renewed for this long is anybody's. */
  readonly leaseMs: number
  /** Older batches are given up. */
  readonly maxAgeMs: number
  /** Another SDK may still have the events of its file in memory; after this long it has not. */
  readonly legacyRestMs: number
}

/** Looks over the files of all processes: what can be claimed, what is garbage. */
export class Survey {
  readonly #place: Place
  readonly #lease: Lease
  readonly #account: DiskAccount
  readonly #limits: SurveyLimits
  #held: ReadonlySet<string> = new Set()
  #now: number | undefined
  #dead = new Map<string, boolean>()

  constructor(place: Place, lease: Lease, account: DiskAccount, limits: SurveyLimits) {
    this.#place = place
    this.#lease = lease
    this.#account = account
    this.#limits = limits
  }

  /** Files that can be claimed now, oldest first. */
  async candidates(): Promise<FileName[]> {
    const { directory, base } = this.#place.location
    const { readdir } = builtin<typeof import('node:fs/promises')>('node:fs/promises')
    const files = await readdir(directory)
    this.#held = this.#lease.paths()
    this.#now = undefined
    this.#dead = new Map()
    return files
      .map((file) => this.#nameOf(file, base))
      .filter((name): name is FileName => name !== undefined && this.#isFree(name))
      .toSorted(byAge)
  }

  /** The file system's time, as of this survey. */
  now(): number {
    try {
      this.#now ??= this.#place.fileSystemNow()
    } catch {
      // A full disk cannot be touched. Our own clock may be wrong; at worst that costs a duplicate.
      this.#now = Date.now()
    }
    return this.#now
  }

  /** Gives a file up whose events are too old for anybody to miss; true if it was. */
  expire(name: FileName, changedAtMs: number): boolean {
    if (this.now() - changedAtMs <= this.#limits.maxAgeMs) return false
    const path = this.#place.path(name)
    const events = name.count ?? linesIn(path)
    removeQuietly(path)
    this.#account.vanished('expired', events)
    return true
  }

  #nameOf(file: string, base: string): FileName | undefined {
    if (file === base) return this.#takeLegacy(file, 0)
    if (file === base + LEGACY_RECOVERING) return this.#takeLegacy(file, this.#limits.legacyRestMs)
    return parseName(base, file)
  }

  #isFree(name: FileName): boolean {
    switch (name.state) {
      case 'new':
        return true
      case 'claim':
        return name.owner === this.#place.owner
          ? !this.#held.has(this.#place.path(name))
          : this.#isStale(name)
      case 'tmp':
        if (this.#isStale(name)) removeQuietly(this.#place.path(name))
        return false
      case 'bad':
        this.expire(name, this.#changedAt(name))
        return false
    }
  }

  #isStale(name: FileName): boolean {
    let dead = this.#dead.get(name.owner)
    if (dead === undefined) this.#dead.set(name.owner, (dead = isDead(name.owner)))
    return dead || this.now() - this.#changedAt(name) > this.#limits.leaseMs
  }

  /** A file that is gone was changed just now. */
  #changedAt(name: FileName): number {
    return lstatSync(this.#place.path(name), { throwIfNoEntry: false })?.mtimeMs ?? this.now()
  }

  /** Claims the file of another SDK; its name then is one of ours. */
  #takeLegacy(file: string, restMs: number): FileName | undefined {
    const path = join(this.#place.location.directory, file)
    const stats = lstatSync(path, { throwIfNoEntry: false })
    if (stats === undefined || this.now() - stats.ctimeMs < restMs) return undefined
    const flaw = flawOf(stats)
    const name = this.#place.newName('claim', LEGACY_ID, undefined)
    try {
      if (flaw !== undefined) throw new Error(flaw)
      renameSync(path, this.#place.path(name))
      return name
    } catch (fault) {
      debug(() => `left ${path} alone: ${String(fault)}`)
      return undefined
    }
  }
}
