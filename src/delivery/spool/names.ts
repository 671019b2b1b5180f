/**
 * `tmp`: being written, promises nothing. `new`: waits for any process. `claim`: belongs to the owner in its name.
 * `bad`: could not be read.
 */
export type FileState = 'tmp' | 'new' | 'claim' | 'bad'

/** What the name of a spool file says: `<base>.<state>-<owner>-<time>.<batch id>-<count>.jsonl`. */
export interface FileName {
  readonly state: FileState
  /** Who wrote or claimed it, see owner.ts. */
  readonly owner: string
  /** When its first event was put on disk, see `timeOf`. Kept over claims, so that the oldest is found by name. */
  readonly time: string
  /** Kept over claims: a batch travels under the same idempotency key whoever carries it. */
  readonly id: string
  /** Events in it; undefined in a file that may still grow. */
  readonly count: number | undefined
}

/** Stands for the id of a file that another SDK wrote; its batches get theirs from their content. */
export const LEGACY_ID = 'legacy'

/** Enough base 36 digits for milliseconds until the year 5188; equal lengths make names sort by time. */
const TIME_DIGITS = 9

const PATTERN = new RegExp(
  [
    '(?<state>tmp|new|claim|bad)',
    String.raw`(?<owner>[0-9a-f]{8}\.\d{1,10}\.\d{1,20}\.\d{1,10}\.[0-9a-f]{8})`,
    // A batch is split by halves, `.0` and `.1`; twenty times is more than any batch has events for.
    String.raw`(?<time>[0-9a-z]{${TIME_DIGITS}})\.(?<id>[0-9a-z]{1,40}(?:\.[01]){0,20})`,
    // A wider count would let one forged name dwarf every true figure of the ledger.
    String.raw`(?<count>\d{1,5}|x)\.jsonl`,
  ].join('-'),
)
const WHOLE = new RegExp(`^${PATTERN.source}$`)

export function timeOf(wallClockMs: number): string {
  return Math.max(0, Math.trunc(wallClockMs)).toString(36).padStart(TIME_DIGITS, '0').slice(-TIME_DIGITS)
}

export function formatName(base: string, { state, owner, time, id, count }: FileName): string {
  return `${base}.${state}-${owner}-${time}.${id}-${count ?? 'x'}.jsonl`
}

/** Undefined for every file that is none of the spool's. */
export function parseName(base: string, file: string): FileName | undefined {
  if (!file.startsWith(`${base}.`)) return undefined
  const groups = WHOLE.exec(file.slice(base.length + 1))?.groups
  if (groups === undefined) return undefined
  return {
    state: groups['state'] as FileState,
    owner: groups['owner']!,
    time: groups['time']!,
    id: groups['id']!,
    count: groups['count'] === 'x' ? undefined : Number(groups['count']),
  }
}

/** Oldest first. */
export function byAge(a: FileName, b: FileName): number {
  return a.time < b.time ? -1 : a.time > b.time ? 1 : 0
}
