import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { builtin } from '../../builtin.ts'

/**
 * Who holds a file: `<place>.<pid>.<process start>.<thread>.<random>`. The place is one boot of one machine and one
 * pid namespace: only there does a pid mean something. The start time tells a process from a later one
 * with its pid, the random part two clients of one thread.
 */
export function newOwner(): string {
  const { randomBytes } = builtin<typeof import('node:crypto')>('node:crypto')
  return [place(), process.pid, startOf('self') ?? 0, threadId(), randomBytes(4).toString('hex')].join('.')
}

/**
 * Whether the owner is gone for certain. False means alive or unknowable from here (another container, another
 * machine, a pid in use on a system without /proc): then only the age of its lease decides.
 */
export function isDead(owner: string): boolean {
  const [where, pid, start] = owner.split('.') as [string, string, string]
  if (where !== place()) return false
  // Without /proc (macOS, Windows) no start time is known.
  if (start === '0') return !answers(Number(pid))
  return startOf(pid) !== start
}

function answers(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** Clock ticks from boot to the start of a process; undefined if there is none, or only its zombie. */
function startOf(pid: string): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The second field is the program's name in parentheses and may hold anything, also spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state, start] = [fields[0], fields[19]]
    return state === 'Z' || state === 'X' ? undefined : start
  } catch {
    return undefined
  }
}

let knownPlace: string | undefined

function place(): string {
  if (knownPlace === undefined) {
    const { createHash } = builtin<typeof import('node:crypto')>('node:crypto')
    knownPlace = createHash('sha256').update(placeName()).digest('hex').slice(0, 8)
  }
  return knownPlace
}

function placeName(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1') + readlinkSync('/proc/self/ns/pid')
  } catch {
    return hostname()
  }
}

/** `process.chdir` is disabled in workers: a test that does not load `node:worker_threads` in the main thread. */
function threadId(): number {
  if ((process.chdir as { disabled?: boolean }).disabled !== true) return 0
  return builtin<typeof import('node:worker_threads')>('node:worker_threads').threadId
}
