import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'

// Faults that only the system itself can make. Where it does not let us, the reason is printed and the test skipped.

/** Runs a command as the first process of a pid namespace, as in a container. It dies with the wrapper. */
export const PID_1 = ['unshare', '-rpf', '--kill-child'] as const

function works(command: string, ...args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch {
    console.log(`skipped: ${[command, ...args].join(' ')} is not permitted here`)
    return false
  }
}

export const hasNamespaces: boolean = works('unshare', '-rm', 'true')
export const hasPidNamespaces: boolean = works(...PID_1, 'true')
export const hasStrace: boolean = works('strace', '-o', '/dev/null', 'true')
export const isRoot: boolean = process.geteuid?.() === 0
if (!isRoot) console.log('skipped where another user is needed: these tests do not run as root')

/** Nobody in particular. */
export const STRANGER = 65_534

/** Runs a command behind a file system in memory that only it sees. */
export function onDisk(directory: string, options: string): string[] {
  const script = `mount -t tmpfs -o mode=700,${options} tmpfs "$0" && exec "$@"`
  return ['unshare', '-rm', 'sh', '-c', script, directory]
}

/** The same directory as that command sees it. */
export function seenBy(pid: number, directory: string): string {
  return `/proc/${pid}/root${directory}`
}

/** Runs a command as another user, who has nothing. */
export const asStranger: readonly string[] = ['setpriv', '--reuid', String(STRANGER), '--clear-groups']

/** Makes a system call fail in a running process until it is told to stop. */
export async function inject(pid: number, call: string, error: string): Promise<() => Promise<void>> {
  const args = ['-f', '-o', '/dev/null', '-e', `inject=${call}:error=${error}`, '-p', String(pid)]
  const strace = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  await once(strace.stderr, 'data')
  return async () => {
    strace.kill('SIGTERM')
    await once(strace, 'close')
  }
}

/** The process that a wrapper which does not end by `exec` has started. */
export function childOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0])
}

/** Sets a limit of a running process. */
export function limit(pid: number, resource: string, value: number | 'unlimited'): void {
  execFileSync('prlimit', [`--${resource}=${value}:`, '--pid', String(pid)])
}
