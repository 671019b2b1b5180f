import { renameSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { formatName } from '../../src/delivery/spool/names.ts'
import { App, root } from '../support/app.ts'
import { DOWN, UP } from '../support/ingest.ts'
import { ledgers } from '../support/ledger.ts'
import { ask } from '../support/request.ts'
import { scenario, type Scenario } from '../support/scenario.ts'
import { BASE, filesIn, numbersOnDisk } from '../support/spool.ts'
import { delivered, drive, expectRecovery, expectSettled, numbers } from '../support/traffic.ts'
import { until } from '../support/until.ts'

function spooling(directory: string): Record<string, string> {
  return {
    PEEKAPI_STORAGE_PATH: join(directory, BASE),
    PEEKAPI_BATCH_SIZE: '10',
    PEEKAPI_SHUTDOWN_TIMEOUT: '100ms',
    PEEKAPI_DEBUG: 'true',
  }
}

/** Leaves events on disk: a process met an outage and ended. */
async function fill({ ingest, directory, serve }: Scenario, count: number): Promise<void> {
  ingest.script = DOWN
  const app = await serve({ env: spooling(directory) })
  await drive(app, count)
  await app.stop('SIGTERM')
  expect(numbersOnDisk(directory)).toEqual(numbers(count))
  ingest.script = UP
}

describe.concurrent('processes that share a spool', () => {
  scenario(
    'P9 a cluster of eight that starts with a full spool: each batch is sent once, no process takes more than one ahead',
    async ({ ingest, directory, serve }) => {
      const [PROCESSES, EVENTS] = [8, 400]
      await fill({ ingest, directory, serve }, EVENTS)
      const owners = new Set<string>()
      let most = 0
      ingest.script = () => {
        const claims = filesIn(directory, 'claim').map(({ owner }) => owner)
        for (const owner of claims) {
          owners.add(owner)
          most = Math.max(most, claims.filter((other) => other === owner).length)
        }
        return { status: 202, delayMs: 100 }
      }
      const from = ingest.batches.length
      const cluster = await serve({
        file: 'fixtures/threads/cluster.cjs',
        args: [String(PROCESSES)],
        env: spooling(directory),
      })
      await ingest.waitForEvents(EVENTS, 20_000)
      await drive(cluster, 1, EVENTS)
      await ingest.waitForEvents(EVENTS + 1)
      expect(delivered(ingest)).toEqual(numbers(EVENTS + 1))
      const ids = ingest.batches.slice(from).map(({ id }) => id)
      expect(new Set(ids).size).toBe(ids.length)
      // One on its way, one read ahead.
      expect(most).toBeLessThanOrEqual(2)
      expect(owners.size).toBeGreaterThan(1)
      await until(
        () => filesIn(directory).length === 0,
        () => 'an empty disk',
      )
      const { stderr } = await cluster.stop('SIGTERM')
      const total = (figure: string): number =>
        ledgers(stderr).reduce((sum, figures) => sum + (figures[figure] ?? 0), 0)
      expect(ledgers(stderr)).toHaveLength(PROCESSES)
      expect(total('captured')).toBe(1)
      // The fresh event's answer may have crossed the signal.
      expect(total('delivered')).toBeGreaterThanOrEqual(EVENTS)
    },
  )

  scenario(
    'P10 claims of owners that are gone, by pid or by lease, are taken over; one that may have a living owner is not',
    async ({ ingest, directory, serve }) => {
      await fill({ ingest, directory, serve }, 30)
      const place = filesIn(directory)[0]!.owner.split('.')[0]
      // A pid that another program has got; another container, silent for longer than the lease; one that is not.
      const [reused, silent, alive] = [`${place}.${process.pid}.1`, 'ffffffff.1.1', 'fffffffe.1.1']
      const old = Date.now() / 1000 - 70
      for (const [n, owner] of [reused, silent, alive].entries()) {
        const name = filesIn(directory, 'new').toSorted((a, b) => (a.time < b.time ? -1 : 1))[0]!
        const claim = { ...name, state: 'claim', owner: `${owner}.0.00000000`, count: undefined } as const
        renameSync(join(directory, formatName(BASE, name)), join(directory, formatName(BASE, claim)))
        if (n === 1) utimesSync(join(directory, formatName(BASE, claim)), old, old)
      }
      const first = await serve({ env: spooling(directory) })
      await ingest.waitForEvents(20)
      await until(
        () => filesIn(directory).length === 1,
        () => 'the files of delivered batches to go',
      )
      const [left] = filesIn(directory)
      expect(left).toMatchObject({ state: 'claim', owner: `${alive}.0.00000000` })
      expect(delivered(ingest)).toHaveLength(20)
      await expectSettled(first)
      utimesSync(join(directory, formatName(BASE, left!)), old, old)
      await expectRecovery(await serve({ env: spooling(directory) }), ingest, 30)
      expect(filesIn(directory)).toEqual([])
    },
  )

  scenario(
    'P11 threads, a child, --import, --require and NODE_OPTIONS at once: one client in each thread, one event for each request, no file twice',
    async ({ ingest, directory, serve }) => {
      ingest.script = DOWN
      const ending = await App.run({
        file: 'fixtures/threads/family.cjs',
        endpoint: ingest.url,
        execArgv: ['--require', `${root}register.cjs`],
        env: {
          ...spooling(directory),
          NODE_OPTIONS: `--import ${root}register.mjs --require ${root}register.cjs`,
        },
      })
      expect(ending).toMatchObject({ code: 0, signal: null, stdout: '' })
      expect(ledgers(ending.stderr)).toHaveLength(4)
      for (const figures of ledgers(ending.stderr))
        expect(figures).toMatchObject({ captured: 1, delivered: 0, spooled: 1 })
      const owners = filesIn(directory).map(({ owner }) => owner)
      expect(new Set(owners).size).toBe(4)
      ingest.script = UP
      const app = await serve({ env: spooling(directory) })
      await ingest.waitForEvents(4)
      await ask(app.origin, '/fresh')
      await ingest.waitForEvents(5)
      expect(ingest.events.map(({ path }) => path).toSorted()).toEqual([
        '/child',
        '/fresh',
        '/parent',
        '/thread',
        '/thread',
      ])
      await expectSettled(app)
    },
  )

  scenario(
    'P12 an event loop that stands still: its events stay its own, and arrive once, without a burst, when it goes on',
    async ({ ingest, directory, serve }) => {
      ingest.script = DOWN
      const app = await serve({ file: 'fixtures/endings/blocks.cjs', env: spooling(directory) })
      await drive(app, 20)
      await until(
        () => numbersOnDisk(directory).length === 20,
        () => 'the journal',
      )
      const blocked = ask(app.origin, '/block/6000', { headers: { 'x-api-key': '20' } })
      ingest.script = UP
      const from = ingest.batches.length
      // Looks at the disk within 5 s, and sees that the owner lives.
      const other = await serve({ env: spooling(directory) })
      await blocked
      await expectRecovery(app, ingest, 21)
      const ids = ingest.batches.slice(from).map(({ id }) => id)
      // The answer to what was on its way may have come too late, while nobody looked.
      expect(ids.length).toBeLessThanOrEqual(new Set(ids).size + 1)
      expect(await other.stats()).toMatchObject({ captured: 0, delivered: 0, spooled: 0 })
      await expectSettled(other)
    },
  )
})
