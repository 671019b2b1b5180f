import { join } from 'node:path'
import { expect } from 'vitest'
import { expectConserved } from './conservation.ts'
import { lastLedger } from './ledger.ts'
import { Load } from './load.ts'
import type { Scenario } from './scenario.ts'
import { BASE, filesIn, numbersOnDisk } from './spool.ts'
import { delivered } from './traffic.ts'
import { until } from './until.ts'

const NUMBERS_PER_ROUND = 100_000
const ANSWERS_BEFORE_SIGNAL = 60

/** Ends one process after the other by SIGTERM in the middle of its traffic; the last one is left to live. */
export async function expectGentleEnd({ ingest, directory, serve }: Scenario, rounds: number): Promise<void> {
  const env = {
    PEEKAPI_STORAGE_PATH: join(directory, BASE),
    // So long that whoever waited for it would be a hang.
    PEEKAPI_SHUTDOWN_TIMEOUT: '5m',
    PEEKAPI_DEBUG: 'true',
  }
  const answered: number[] = []
  const cutOff: number[] = []
  for (let round = 0; round < rounds; round++) {
    const app = await serve({ env })
    const load = new Load(app, round * NUMBERS_PER_ROUND)
    await until(
      () => load.answered.length >= ANSWERS_BEFORE_SIGNAL,
      () => 'traffic',
    )
    const before = [...load.answered]
    expect(await app.stop('SIGTERM')).toMatchObject({ code: null, signal: 'SIGTERM' })
    await load.ended
    lastLedger(app.stderr)
    const taken = new Set(delivered(ingest))
    expect(before.filter((number) => !taken.has(number))).toEqual([])
    const kept = new Set(numbersOnDisk(directory))
    expect(load.answered.filter((number) => !taken.has(number) && !kept.has(number))).toEqual([])
    answered.push(...load.answered)
    cutOff.push(...load.cutOff)
  }
  const last = await serve({ env })
  await until(
    () => filesIn(directory).length === 0,
    () => `an empty disk; ${String(numbersOnDisk(directory))}`,
  )
  await expectConserved(last, ingest, { certain: answered, possible: cutOff }, rounds * NUMBERS_PER_ROUND)
}
