import { expect, test } from 'vitest'
import { compareWithWire } from './truth.ts'

/** The same traffic in every run: what fails here fails again. Other seeds are for `npm run test:wire`. */
const SEED = 20_261_125
const EXCHANGES = 2_000
const MAX_SECONDS = 100

test('every event says what crossed the wire', { timeout: 2 * MAX_SECONDS * 1_000 }, async () => {
  const { compared, outcomes, ways, mismatches } = await compareWithWire(SEED, EXCHANGES, MAX_SECONDS)
  expect(mismatches).toEqual([])
  // A generator gone lame would find nothing wrong either.
  for (const outcome of ['completed', 'aborted', 'error', 'upgraded'])
    expect(outcomes[outcome], outcome).toBeGreaterThan(20)
  for (const way of ['plain', 'explicit', 'secure', 'fallback', 'h2c', 'h2', 'upgrades'])
    expect(ways[way], way).toBeGreaterThan(20)
  expect(compared).toBeGreaterThanOrEqual(EXCHANGES)
})
