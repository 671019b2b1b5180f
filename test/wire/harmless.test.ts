import { afterAll, beforeAll, expect, test } from 'vitest'
import { Ingest } from '../support/ingest.ts'
import { connections } from './generator.ts'
import { observe, type Observation, type Observed } from './observe.ts'
import { SECURE, type ConnectionPlan } from './plan.ts'

const SEED = 20_261_125
const EXCHANGES = 2_000
/** Timing alone makes some runs differ from others, with us and without. What is our doing stays however often one looks. */
const MAX_LOOKS = 12

/** What a raw socket can repeat. Of a torrent, how much comes before its reader leaves is up to the machine. */
const plans = connections(SEED, EXCHANGES, String).filter(
  ({ client, port, exchanges }) =>
    client === 'raw' && !SECURE.has(port) && exchanges.every(({ server }) => server.ending !== 'torrent'),
)

let ingest: Ingest
let without: Observed
let within: Observed
beforeAll(async () => {
  ingest = await Ingest.start()
  without = await observe(plans)
  within = await observe(plans, ingest.url)
})
afterAll(() => ingest.close())

test(
  'what clients are sent and what the application sees is as without us',
  { timeout: 120_000 },
  async () => {
    const ways = plans.map((_, n) => ({ without: [without.connections[n]!], with: [within.connections[n]!] }))
    for (let look = 0; look < MAX_LOOKS; look++) {
      const odd = [...ways.keys()].filter((n) => !meet(ways[n]!))
      if (odd.length === 0) break
      const again = odd.map((n) => plans[n]!)
      const [bare, preloaded] = [await observe(again), await observe(again, ingest.url)]
      for (const [i, n] of odd.entries()) {
        ways[n]!.without.push(bare.connections[i]!)
        ways[n]!.with.push(preloaded.connections[i]!)
      }
    }
    for (const [n, way] of ways.entries()) {
      if (!meet(way)) expect(way.with[0], JSON.stringify(plans[n])).toEqual(way.without[0])
    }
    expect(exchangesOf(plans)).toBeGreaterThan(EXCHANGES / 4)
  },
)

test('exit code and stderr are as without us', () => {
  expect(within.ending).toEqual(without.ending)
  expect(within.ending).toMatchObject({ code: 3, stderr: 'leaving\n' })
})

test('what is wrapped keeps its name and length', () => expect(within.methods).toEqual(without.methods))

test('the process has the listeners that docs/harmless.md names, and no others', () => {
  expect(within.listening).toEqual({
    ...without.listening,
    exit: without.listening['exit']! + 1,
    beforeExit: 1,
    SIGTERM: 1,
    SIGINT: 1,
  })
})

/** Whether one of the ways it went with us is one of those it goes without. */
function meet(ways: {
  readonly without: readonly Observation[]
  readonly with: readonly Observation[]
}): boolean {
  const known = new Set(ways.without.map((one) => JSON.stringify(one)))
  return ways.with.some((one) => known.has(JSON.stringify(one)))
}

function exchangesOf(connections: readonly ConnectionPlan[]): number {
  return connections.reduce((sum, { exchanges }) => sum + exchanges.length, 0)
}
