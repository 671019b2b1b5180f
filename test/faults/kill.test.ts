import { describe } from 'vitest'
import { expectSurvivedKills, killWhileSending } from '../support/kill-rounds.ts'
import { scenario } from '../support/scenario.ts'

/** Long enough for 20 processes on a busy machine. */
const TIMEOUT_MS = 60_000

/** So that a batch leaves when a part of it is on disk. */
const FLUSH_AFTER_JOURNAL = { PEEKAPI_FLUSH_INTERVAL: '300ms' }

describe.concurrent('kills', () => {
  scenario(
    'P7 SIGKILL at any moment, 20 rounds: what is on disk arrives whole and once, and only the newest is lost',
    { timeout: TIMEOUT_MS },
    async ({ ingest, directory, serve }) => {
      await expectSurvivedKills({ ingest, directory, serve }, { rounds: 20, env: FLUSH_AFTER_JOURNAL })
    },
  )

  scenario(
    'P8 SIGKILL in the middle of the last send, 8 rounds: nothing that is on disk is lost, and what comes twice has one id',
    { timeout: TIMEOUT_MS },
    async ({ ingest, directory, serve }) => {
      await expectSurvivedKills({ ingest, directory, serve }, { rounds: 8, kill: killWhileSending })
    },
  )
})
