import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Stats } from '../../src/types/client.ts'
import { until } from './until.ts'

export const root: string = fileURLToPath(new URL('../..', import.meta.url))
const probe = fileURLToPath(new URL('probe.cjs', import.meta.url))

/** How we get into a process; `none` for the run to compare with. */
export type Preload = '--import' | '--require' | 'NODE_OPTIONS' | 'none'

export interface AppOptions {
  /** The application: a file relative to the repository, or the arguments after node's own options. */
  readonly file: string
  readonly args?: readonly string[]
  /** Default `--import`. */
  readonly preload?: Preload
  /** Options of node before the file. */
  readonly execArgv?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly endpoint?: string
  /** The runtime, with what it wants before all else. Default: NODE_UNDER_TEST, else the Node that runs the tests. */
  readonly node?: string | readonly string[]
  /** A command that runs node with limits or in a namespace of its own; it must end by `exec`. */
  readonly wrapper?: readonly string[]
}

export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A large application on a busy machine. */
const START_TIMEOUT_MS = 25_000
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
    const preload = options.preload ?? '--import'
    const node = options.node ?? process.env['NODE_UNDER_TEST'] ?? process.execPath
    const args = [
      '--require',
      probe,
      ...(preload.startsWith('--') ? preloadArguments(preload) : []),
      ...(options.execArgv ?? []),
      options.file,
      ...(options.args ?? []),
    ]
    const [command, ...rest] = [...(options.wrapper ?? []), ...[node].flat(), ...args] as [
      string,
      ...string[],
    ]
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
      ...(preload === 'NODE_OPTIONS' ? { NODE_OPTIONS: preloadArguments('--import').join(' ') } : {}),
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

  /** Starts an application that serves, and waits until its servers listen. */
  static async serve(options: AppOptions, servers: number = 1): Promise<App> {
    const app = new App(options)
    await until(
      () => app.ports.length >= servers || app.process.exitCode !== null,
      () => `a listening server of: ${app.command}\n${app.stderr}`,
      START_TIMEOUT_MS,
    )
    if (app.ports.length < servers)
      throw new Error(`ended instead of listening: ${app.command}\n${app.stderr}`)
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

function preloadArguments(preload: Preload): string[] {
  return [preload, `${root}${preload === '--import' ? 'register.mjs' : 'register.cjs'}`]
}
