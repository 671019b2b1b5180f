import { join } from 'node:path'
import { expect } from 'vitest'
import type { App } from './app.ts'
import { expectConserved } from './conservation.ts'
import { DOWN, UP, type Ingest, type Script } from './ingest.ts'
import { Load } from './load.ts'
import type { Scenario } from './scenario.ts'
import { BASE, filesIn, numbersOnDisk } from './spool.ts'
import { delivered } from './traffic.ts'
import { until } from './until.ts'

const NUMBERS_PER_ROUND = 100_000

/** From round to round: nothing is delivered; all is; what is delivered does not know it. */
const WEATHER: readonly Script[] = [
  DOWN,
  UP,
  () => ({ broken: 'after' }),
  () => ({ status: 202, delayMs: 20 }),
]

export interface KillRounds {
  readonly rounds: number
  readonly env?: Readonly<Record<string, string>>
  /** What the endpoint does, from round to round. */
  readonly weather?: readonly Script[]
  /** How long a process lives at most after its first event. */
  readonly lifeMs?: number
  /** Default: SIGKILL. */
  readonly kill?: (app: App) => Promise<unknown>
}

export interface KillFigures {
  confirmed: number
  delivered: number
  duplicates: number
  /** Age of the oldest event that was lost, at the moment of the kill. */
  lossWindowMs: number
}

/**
 * Kills one process after the other in the middle of its work, all on one spool. What was seen on disk or at the
 * endpoint before a kill arrives in the end, and what a kill costs is what was captured last.
 */
export async function expectSurvivedKills(
  { ingest, directory, serve }: Scenario,
  { rounds, env, weather = WEATHER, lifeMs = 300, kill = (app) => app.stop('SIGKILL') }: KillRounds,
): Promise<KillFigures> {
  const usual = { PEEKAPI_STORAGE_PATH: join(directory, BASE), ...env }
  // No batch is ever complete: what is on disk is the journal's work alone.
  const inOutage = { ...usual, PEEKAPI_BATCH_SIZE: '10000' }
  const certain = new Set<number>()
  const possible: number[] = []
  let lossWindowMs = 0
  for (let round = 0; round < rounds; round++) {
    ingest.script = weather[round % weather.length]!
    const app = await serve({ env: ingest.script === DOWN ? inOutage : usual })
    // One at a time, so that events are captured in the order of their numbers.
    const load = new Load(app, round * NUMBERS_PER_ROUND, 1)
    const safe = (): Set<number> => new Set([...numbersOnDisk(directory), ...delivered(ingest)])
    await until(
      () => load.answered.length > 0 && safe().has(load.answered[0]!),
      () => 'the first event on disk or at the endpoint',
    )
    // Not the same moment each time.
    await new Promise((resolve) => setTimeout(resolve, Math.random() * lifeMs))
    for (const number of safe()) certain.add(number)
    const at = performance.now()
    await kill(app)
    await load.ended
    const left = safe()
    const lost = load.answered.filter((number) => !left.has(number))
    if (ingest.script === DOWN && lost.length > 0)
      expect(lost[0], 'only the newest may be lost').toBe(load.answered.at(-lost.length))
    for (const number of lost) lossWindowMs = Math.max(lossWindowMs, at - load.answeredAt(number))
    possible.push(...load.answered, ...load.cutOff)
  }
  ingest.script = UP
  const last = await serve({ env: usual })
  await expectConserved(last, ingest, { certain, possible }, rounds * NUMBERS_PER_ROUND)
  await until(
    () => filesIn(directory).length === 0,
    () => `an empty disk; ${JSON.stringify(filesIn(directory))}`,
  )
  return {
    confirmed: certain.size,
    delivered: ingest.events.length,
    duplicates: duplicates(ingest),
    lossWindowMs,
  }
}

/** SIGTERM, and SIGKILL at any moment of what follows. */
export async function killWhileSending(app: App): Promise<void> {
  app.process.kill('SIGTERM')
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 50))
  await app.stop('SIGKILL')
}

/** Events that were accepted more than once, as an endpoint sees them that does not look at batch ids. */
export function duplicates(ingest: Ingest): number {
  const accepted = ingest.batches.filter(({ status }) => status === 202)
  return accepted.reduce((sum, { events }) => sum + events.length, 0) - ingest.events.length
}
