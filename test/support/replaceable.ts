import type { TestOptions } from 'vitest'
import type { App } from './app.ts'

/** Node itself died; what is written in JavaScript cannot do that. */
export function hasCrashed(app: App): boolean {
  return app.process.signalCode === 'SIGSEGV'
}

/**
 * An application under a Node that now and then crashes: 24.21 does, without us too, where streams of HTTP/2 over TLS
 * break off. Another takes its place, and tests that failed meanwhile run once more. No other failure gives them a
 * second chance.
 */
export class Replaceable {
  readonly #serve: () => Promise<App>
  readonly #started: App[] = []
  #serving: Promise<App> | undefined

  constructor(serve: () => Promise<App>) {
    this.#serve = serve
  }

  /** For the tests that ask it. */
  readonly retry: NonNullable<TestOptions['retry']> = {
    count: 1,
    condition: () => this.#started.some(hasCrashed),
  }

  /** The one that lives. */
  app(): Promise<App> {
    const latest = this.#started.at(-1)
    if (this.#serving === undefined || (latest !== undefined && hasCrashed(latest))) {
      this.#serving = this.#start()
    }
    return this.#serving
  }

  async #start(): Promise<App> {
    const app = await this.#serve()
    this.#started.push(app)
    return app
  }
}
