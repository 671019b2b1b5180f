import { describe, expect } from 'vitest'
import { expectGentleEnd } from '../../support/gentle-end.ts'
import { expectSurvivedKills, killWhileSending } from '../../support/kill-rounds.ts'
import { scenario } from '../../support/scenario.ts'

const TIMEOUT_MS = 300_000

/** So that a batch leaves when a part of it is on disk. */
const FLUSH_AFTER_JOURNAL = { PEEKAPI_FLUSH_INTERVAL: '300ms' }

describe.concurrent('many ends', () => {
  scenario(
    'P1 SIGTERM under load, 50 rounds',
    { timeout: TIMEOUT_MS },
    async ({ ingest, directory, serve }) => {
      await expectGentleEnd({ ingest, directory, serve }, 50)
    },
  )

  scenario(
    'P7 SIGKILL at any moment, 200 rounds, with events delivered twice on the way',
    { timeout: TIMEOUT_MS },
    async ({ ingest, directory, serve }) => {
      const { duplicates } = await expectSurvivedKills(
        { ingest, directory, serve },
        { rounds: 200, env: FLUSH_AFTER_JOURNAL },
      )
      expect(duplicates).toBeGreaterThan(0)
    },
  )

  scenario(
    'P8 SIGKILL in the middle of the last send, 40 rounds',
    { timeout: TIMEOUT_MS },
    async ({ ingest, directory, serve }) => {
      await expectSurvivedKills({ ingest, directory, serve }, { rounds: 40, kill: killWhileSending })
    },
  )
})
