import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Stats } from '../../src/types/client.ts'
import { until } from './until.ts'

export const root: string = fileURLToPath(new URL('../..', import.meta.url))
const probe = fileURLToPath(new URL('probe.cjs', import.meta.url))

export interface AppOptions {
  /** The application: a file relative to the repository, or the arguments after node's own options. */
  readonly file: string
  readonly args?: readonly string[]
  /** How the preload gets in. Default `--import`. `none`: the run to compare with. */
  readonly preload?: '--import' | '--require' | 'none'
  /** Options of node before the file. */
  readonly execArgv?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly endpoint?: string
  /** Default: NODE_UNDER_TEST, else the Node that runs the tests. */
  readonly node?: string
  /** A command that runs node with limits or in a namespace of its own; it must end by `exec`. */
  readonly wrapper?: readonly string[]
}

export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** What a shell gives every process; nothing else of the test's environment reaches the application. */
const INHERITED = ['PATH', 'HOME', 'TMPDIR', 'LANG'] as const

/** An unmodified application in its own process, under the preload. */
export class App {
  readonly process: ChildProcess
  readonly command: string
  stdout = ''
  stderr = ''
  readonly ended: Promise<Ending>
  /** Of every server that the application started, in order. */
  readonly ports: number[] = []
  #stats: Array<(stats: Stats) => void> = []

  private constructor(options: AppOptions) {
    const node = options.node ?? process.env['NODE_UNDER_TEST'] ?? process.execPath
    const args = [
      '--require',
      probe,
      ...preloadArguments(options.preload ?? '--import'),
      ...(options.execArgv ?? []),
      options.file,
      ...(options.args ?? []),
    ]
    const [command, ...rest] = [...(options.wrapper ?? []), node, ...args] as [string, ...string[]]
    this.command = [command, ...rest].join(' ')
    const env = {
      ...Object.fromEntries(
        INHERITED.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
      ),
      PROBE: 'true',
      PEEKAPI_API_KEY: 'test-key',
      PEEKAPI_FLUSH_INTERVAL: '100ms',
      PEEKAPI_STORAGE_PATH: 'none',
      ...(options.endpoint === undefined ? {} : { PEEKAPI_ENDPOINT: options.endpoint }),
      ...options.env,
    }
    this.process = spawn(command, rest, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    this.process.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk))
    this.process.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk))
    this.process.on('message', (message) => this.#hear(message as { listening?: AddressInfo; stats?: Stats }))
    this.ended = once(this.process, 'close').then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
      stdout: this.stdout,
      stderr: this.stderr,
    }))
  }

  /** Starts an application that serves, and waits until it listens. */
  static async serve(options: AppOptions): Promise<App> {
    const app = new App(options)
    await until(
      () => app.ports.length > 0 || app.process.exitCode !== null,
      () => `a listening server of: ${app.command}\n${app.stderr}`,
    )
    if (app.ports.length === 0) throw new Error(`ended instead of listening: ${app.command}\n${app.stderr}`)
    return app
  }

  /** Runs a program to its end. */
  static run(options: AppOptions): Promise<Ending> {
    return new App(options).ended
  }

  get port(): number {
    return this.ports[0]!
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** The ledger, asked in the process itself. */
  stats(): Promise<Stats> {
    return new Promise((resolve) => {
      this.#stats.push(resolve)
      this.process.send('stats')
    })
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ending> {
    this.process.kill(signal)
    return this.ended
  }

  #hear({ listening, stats }: { listening?: AddressInfo; stats?: Stats }): void {
    if (listening !== undefined) this.ports.push(listening.port)
    if (stats !== undefined) this.#stats.shift()?.(stats)
  }
}

function preloadArguments(preload: '--import' | '--require' | 'none'): string[] {
  if (preload === 'none') return []
  return [preload, `${root}${preload === '--import' ? 'register.mjs' : 'register.cjs'}`]
}
