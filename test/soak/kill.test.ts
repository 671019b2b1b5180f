import { expect } from 'vitest'
import { expectConserved } from '../support/conservation.ts'
import { UP } from '../support/ingest.ts'
import { duplicates, expectSurvivedKills } from '../support/kill-rounds.ts'
import { scenario } from '../support/scenario.ts'
import { Siege } from '../support/siege.ts'
import { delivered } from '../support/traffic.ts'

const SECONDS = Number(process.env['SOAK_SECONDS'] ?? 60)
const PROCESSES = 8
const options = { timeout: SECONDS * 4000 + 120_000 }

scenario(
  'eight processes on one spool, killed through an outage: all that was safe arrives, once by its batch id',
  options,
  async ({ ingest, directory, serve }) => {
    const siege = await Siege.run({ ingest, directory, serve }, PROCESSES, SECONDS / 2)
    ingest.script = UP
    const last = await siege.last()
    const { certain, answered, cutOff, kills, fresh, dropped } = siege
    await expectConserved(last, ingest, { certain, possible: [...answered, ...cutOff] }, fresh)
    const arrived = new Set(delivered(ingest))
    const twice = duplicates(ingest)
    expect(twice).toBeGreaterThan(0)
    console.log(
      `kill loop: ${kills} rounds, ${certain.size} events confirmed persisted or accepted, ${arrived.size} delivered, ` +
        `${[...certain].filter((number) => !arrived.has(number)).length} lost, ` +
        `${twice} duplicates, ${ingest.events.length - arrived.size} with deduplication by idempotency key`,
    )
    console.log(
      `${PROCESSES} processes sharing one spool: ${answered.length} captured, ${arrived.size} delivered, ${dropped} dropped, ` +
        `${answered.filter((number) => !arrived.has(number)).length} lost that were in memory only at a kill -9`,
    )
  },
)

scenario.for([
  ['journal', undefined],
  // While the endpoint is well: in an outage all of memory is at stake.
  ['memory', [UP]],
] as const)(
  'kill -9 under load in %s mode: how much time is lost',
  options,
  async ([durability, weather], { ingest, directory, serve }) => {
    const { lossWindowMs } = await expectSurvivedKills(
      { ingest, directory, serve },
      {
        rounds: Math.ceil(SECONDS / 4),
        env: {
          PEEKAPI_DURABILITY: durability,
          PEEKAPI_FLUSH_INTERVAL: '1s',
          // Not the number of events is what makes them leave.
          PEEKAPI_BATCH_SIZE: '10000',
        },
        lifeMs: 1500,
        ...(weather && { weather }),
      },
    )
    console.log(
      `kill -9 largest loss window, ${durability} mode, flush interval 1 s: ${Math.round(lossWindowMs)} ms`,
    )
  },
)
