import { cpuNanoseconds } from './cpu-clock.mjs'
import { Load } from './load.mjs'
import { residentMegabytes } from './server.mjs'
import { shuffled } from './statistics.mjs'

const CONNECTIONS = 32
/**
 * Some tens of milliseconds: what slows the machine down for longer slows all servers alike. Much shorter ones would
 * charge few requests with what a server does once in a pause: wake up, write its journal, send what is left.
 */
export const REQUESTS_PER_SLICE = 1000

/** Servers that are all alive and take turns, in a new order each time. */
export class Lineup {
  #entries

  /** @param servers By name. @param pathOf What each is asked, by its name, as a load takes it. */
  constructor(servers, pathOf) {
    this.#entries = Object.entries(servers).map(([name, server]) => {
      const load = new Load(server, pathOf(name), CONNECTIONS)
      return { name, server, load, begun: undefined, rounds: [] }
    })
  }

  /** Until the optimising compiler is done with the heaviest agents, their ratios fall. `only` picks by name. */
  async warmUp(requests, only = () => true) {
    for (const { name, load } of this.#entries) if (only(name)) await load.run(requests)
  }

  /**
   * One slice of closed-loop load for every server. What a server does between its slices is in: what it exports, it
   * exports there. So a rotation is known when the next begins, and there is one more of these than what comes out.
   */
  async rotate(around = (_server, slice) => slice()) {
    for (const entry of shuffled(this.#entries)) {
      const { server, load, begun, rounds } = entry
      const clock = cpuNanoseconds(server.pids)
      if (begun !== undefined) rounds.at(-1).nanoseconds = (clock - begun) / REQUESTS_PER_SLICE
      entry.begun = clock
      await around(server, async () => {
        const since = performance.now()
        await load.run(REQUESTS_PER_SLICE)
        rounds.push({
          nanoseconds: undefined,
          requestsPerSecond: (REQUESTS_PER_SLICE / (performance.now() - since)) * 1000,
        })
      })
    }
  }

  /** By server: CPU per request and requests per second of each whole rotation so far. */
  rounds() {
    return this.#each(({ rounds }) => rounds.filter(({ nanoseconds }) => nanoseconds !== undefined))
  }

  /** By server: milliseconds of each answer at a fixed rate. */
  async latencies(turns, requests, perSecond) {
    const milliseconds = this.#each(() => [])
    for (let turn = 0; turn < turns; turn++)
      for (const { name, load } of shuffled(this.#entries))
        milliseconds[name].push(...(await load.pace(requests, perSecond)))
    return milliseconds
  }

  /** By server: bytes that the heap grows by for each request. */
  async allocations(requests) {
    const bytes = {}
    for (const { name, server, load } of this.#entries) {
      await server.ask('begin to watch allocations')
      await load.run(requests)
      bytes[name] = (await server.ask('bytes allocated')) / requests
    }
    return bytes
  }

  /** By server: what its probe answers. */
  async ask(question) {
    const answers = {}
    for (const { name, server } of this.#entries) answers[name] = await server.ask(question)
    return answers
  }

  /** By server: MB of memory that it has now. */
  resident() {
    return this.#each(({ server }) => residentMegabytes(server.pids))
  }

  async stop() {
    for (const { load, server } of this.#entries) {
      load.close()
      await server.stop()
    }
  }

  #each(of) {
    return Object.fromEntries(this.#entries.map((entry) => [entry.name, of(entry)]))
  }
}
