import { expect } from 'vitest'
import { App, type AppOptions } from './app.ts'

/** Timing alone makes some runs differ from others, with us and without. What is our doing stays however often one looks. */
const MAX_LOOKS = 12

/** One application twice, with the preload and without it. */
export class Both {
  readonly without: App
  readonly within: App
  /** How many exchanges were compared. */
  compared = 0

  private constructor(without: App, within: App) {
    this.without = without
    this.within = within
  }

  static async serve(options: AppOptions): Promise<Both> {
    const [without, within] = await Promise.all([
      App.serve({ ...options, preload: 'none' }),
      App.serve(options),
    ])
    return new Both(without, within)
  }

  /** Looks until one of the ways it goes with us is one of those it goes without. */
  async expectSame(look: (app: App) => Promise<unknown>): Promise<void> {
    const without = new Set<string>()
    const within = new Set<string>()
    this.compared++
    for (let n = 0; n < MAX_LOOKS; n++) {
      const [bare, preloaded] = await Promise.all([look(this.without), look(this.within)])
      without.add(JSON.stringify(bare))
      within.add(JSON.stringify(preloaded))
      if ([...within].some((way) => without.has(way))) return
    }
    expect(JSON.parse([...within][0]!)).toEqual(JSON.parse([...without][0]!))
  }

  /** Exit code, signal and stderr too are as without us. */
  async expectSameEnd(end: (app: App) => Promise<unknown>): Promise<void> {
    const endings = await Promise.all(
      [this.without, this.within].map(async (app) => {
        void end(app)
        const { code, signal, stderr } = await app.ended
        return { code, signal, stderr }
      }),
    )
    expect(endings[1]).toEqual(endings[0])
  }

  async stop(): Promise<void> {
    await Promise.all([this.without.stop('SIGKILL'), this.within.stop('SIGKILL')])
  }
}
