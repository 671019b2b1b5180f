import type { App } from './app.ts'
import { ask } from './request.ts'

/** Requests that go on until nobody answers any more: the traffic of a process that is about to end. */
export class Load {
  /** Numbers of requests that were answered in full. Each has an event. */
  readonly answered: number[] = []
  /** Numbers of requests that were cut off. The application may or may not have seen them. */
  readonly cutOff: number[] = []
  /** Resolves when the last request is answered or cut off. */
  readonly ended: Promise<unknown>
  readonly #times = new Map<number, number>()
  readonly #pauseMs: number
  #next: number
  #stopped = false

  /**
   * @param concurrency 1: events are captured in the order of their numbers.
   * @param pauseMs Between two requests of one client.
   */
  constructor(app: App, from: number = 0, concurrency: number = 4, pauseMs: number = 0) {
    this.#next = from
    this.#pauseMs = pauseMs
    this.ended = Promise.all(Array.from({ length: concurrency }, () => this.#run(app)))
  }

  /** Monotonic milliseconds. */
  answeredAt(number: number): number {
    return this.#times.get(number)!
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.ended
  }

  async #run(app: App): Promise<void> {
    while (!this.#stopped) {
      const number = this.#next++
      try {
        await ask(app.origin, '/e', { headers: { 'x-api-key': String(number) } })
        this.answered.push(number)
        this.#times.set(number, performance.now())
        if (this.#pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, this.#pauseMs))
      } catch {
        this.cutOff.push(number)
        return
      }
    }
  }
}
