import { join } from 'node:path'
import { expect } from 'vitest'
import { DOWN, UP } from '../../support/ingest.ts'
import { expectBounded } from '../../support/sustained-load.ts'
import { scenario } from '../../support/scenario.ts'
import { BASE } from '../../support/spool.ts'
import { expectDrained } from '../../support/traffic.ts'

scenario(
  'C3 for a minute, with the limits as they are by default: memory does not grow, every request is answered',
  { timeout: 240_000 },
  async ({ ingest, directory, serve }) => {
    ingest.script = DOWN
    const app = await serve({ env: { PEEKAPI_STORAGE_PATH: join(directory, BASE) } })
    const answered = await expectBounded(app, {
      ms: 60_000,
      maxBuffered: 10_000,
      maxGrowthBytes: 48 * 1024 ** 2,
    })
    const stats = await app.stats()
    expect(stats.captured).toBe(answered)
    console.log(`C3: ${answered} requests answered, ${JSON.stringify(stats)}`)
    ingest.script = UP
    await expectDrained(app, ingest, answered, 180_000)
  },
)
