import { cpuNanoseconds } from './cpu-clock.mjs'
import { Load } from './load.mjs'
import { median, quantile, shuffled } from './statistics.mjs'

const CONNECTIONS = 32
/**
 * Some tens of milliseconds: what slows the machine down for longer slows all servers alike. Much shorter ones would
 * charge few requests with what a server does once in a pause: wake up, write its journal, send what is left.
 */
const REQUESTS_PER_SLICE = 1000
/** Until the optimising compiler is done with the heaviest agents, their ratios fall. */
const WARM_UP_REQUESTS = 6_000

/**
 * CPU of each server per request. All are alive; in each rotation every one gets one slice of closed-loop load, in
 * a new order. What a server does between its slices is in: what it exports, it exports there.
 *
 * @param servers By name of the variant.
 * @returns For each variant the nanoseconds per request of each rotation.
 */
export async function costs(servers, path, rotations) {
  const loads = new Map(
    Object.entries(servers).map(([name, { port }]) => [name, new Load(port, path, CONNECTIONS)]),
  )
  for (const load of loads.values()) await load.run(WARM_UP_REQUESTS)
  const begun = new Map()
  const perRequest = Object.fromEntries([...loads.keys()].map((name) => [name, []]))
  for (let rotation = 0; rotation <= rotations; rotation++) {
    for (const [name, load] of shuffled([...loads])) {
      const clock = cpuNanoseconds(servers[name].pid)
      if (begun.has(name)) perRequest[name].push((clock - begun.get(name)) / REQUESTS_PER_SLICE)
      begun.set(name, clock)
      await load.run(REQUESTS_PER_SLICE)
    }
  }
  for (const load of loads.values()) load.close()
  return perRequest
}

/**
 * What each variant adds to the two bare ones, by ratios within each rotation: absolute times move with the machine,
 * ratios much less.
 */
export function added(perRequest, [bare, again]) {
  const baseline = perRequest[bare].map((cost, rotation) => (cost + perRequest[again][rotation]) / 2)
  const base = median(baseline)
  return Object.entries(perRequest).map(([variant, rotations]) => {
    const ratios = rotations.map((cost, rotation) => cost / baseline[rotation])
    const at = (q) => Math.round((quantile(ratios, q) - 1) * base)
    return {
      variant,
      base: Math.round(base),
      added: at(0.5),
      low: at(0.25),
      high: at(0.75),
      ratio: median(ratios),
    }
  })
}
