import { spawn } from 'node:child_process'
import { constants } from 'node:os'

/** How a command ended. */
export type Ending =
  | { readonly code: number }
  | { readonly signal: NodeJS.Signals }
  /** It never started. */
  | { readonly failure: NodeJS.ErrnoException }

/** Sent to this process alone, whoever sends them; the command would not hear of them. */
const ALWAYS_PASSED: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2']
/** A key press in a terminal sends these to all of its foreground processes: the command has them already. */
const SENT_BY_TERMINAL: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT']
/** A shell's own numbers. */
const NOT_EXECUTABLE = 126
const NOT_FOUND = 127
const BY_SIGNAL = 128

/**
 * Runs a command on this process's own stdin, stdout and stderr. This process outlives it, whatever signal comes:
 * it passes on those that the command does not get by itself.
 */
export function run(command: readonly string[], env: NodeJS.ProcessEnv): Promise<Ending> {
  return new Promise((resolve) => {
    const child = spawn(command[0]!, command.slice(1), { env, stdio: 'inherit' })
    const pass = (signal: NodeJS.Signals): void => void child.kill(signal)
    const ignore = (): void => {}
    const listeners = [
      ...ALWAYS_PASSED.map((signal) => [signal, pass] as const),
      ...SENT_BY_TERMINAL.map((signal) => [signal, atTerminal() ? ignore : pass] as const),
    ]
    for (const [signal, listener] of listeners) process.on(signal, listener)
    child.on('error', (failure) => {
      // A signal that could not be passed on is an `error` too; then there is a pid, and an end will come.
      if (child.pid === undefined) resolve({ failure })
    })
    child.on('exit', (code, signal) => resolve(signal === null ? { code: code ?? 0 } : { signal }))
  })
}

/** Ends this process as the command ended. */
export function endAs(ending: Ending): never {
  if ('code' in ending) process.exit(ending.code)
  if ('failure' in ending) process.exit(ending.failure.code === 'ENOENT' ? NOT_FOUND : NOT_EXECUTABLE)
  process.removeAllListeners(ending.signal)
  process.kill(process.pid, ending.signal)
  // Still here: the signal is ignored (PID 1) or does not end Node. What a shell would say of the command.
  process.exit(BY_SIGNAL + constants.signals[ending.signal])
}

/** With none of the three on a terminal, nobody can press a key there for this process. */
function atTerminal(): boolean {
  return process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY
}
