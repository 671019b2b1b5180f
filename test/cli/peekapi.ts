import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Ending } from '../support/app.ts'
import { until } from '../support/until.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const cli = `${root}dist/cli.cjs`

export interface Options {
  readonly env?: Readonly<Record<string, string>>
  /** The built command line tool. Default: that of this repository. */
  readonly cli?: string
}

/** The path of a program for `peekapi dev` to run. */
export function program(name: string): string {
  return `${root}test/cli/programs/${name}`
}

/** A run of the built command line tool, with pipes for all three streams. */
export class Peekapi {
  readonly process: ChildProcessByStdio<Writable, Readable, Readable>
  readonly ended: Promise<Ending>
  stdout = ''
  stderr = ''

  constructor(args: readonly string[], options: Options = {}) {
    const { PATH = '', HOME = '' } = process.env
    this.process = spawn(process.execPath, [options.cli ?? cli, ...args], {
      cwd: root,
      env: { PATH, HOME, TZ: 'UTC', ...options.env },
      stdio: 'pipe',
    })
    this.process.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text))
    this.process.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text))
    this.ended = once(this.process, 'close').then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
      stdout: this.stdout,
      stderr: this.stderr,
    }))
  }

  /** Runs to the end, with nothing on stdin. */
  static run(args: readonly string[], options: Options = {}): Promise<Ending> {
    const peekapi = new Peekapi(args, options)
    peekapi.process.stdin.end()
    return peekapi.ended
  }

  /** `peekapi dev` with `serve.cjs`, once it listens. */
  static async serve(flags: readonly string[] = [], options: Options = {}): Promise<Peekapi> {
    const peekapi = new Peekapi(['dev', ...flags, '--', process.execPath, program('serve.cjs')], options)
    await peekapi.says(/^\d+\n/)
    return peekapi
  }

  /** Where `serve.cjs` listens. */
  get origin(): string {
    return `http://127.0.0.1:${Number.parseInt(this.stdout)}`
  }

  async says(pattern: RegExp): Promise<void> {
    await until(
      () => pattern.test(this.stdout),
      () => `${pattern} on stdout; got ${JSON.stringify(this.stdout)}, ${this.stderr}`,
    )
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ending> {
    this.process.kill(signal)
    return this.ended
  }
}
