import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { App, root, type AppOptions, type Ending, type Preload } from '../support/app.ts'
import { askHttp2 } from '../support/http2-client.ts'
import { expectClosed } from '../support/ledger.ts'
import { askRaw } from '../support/raw-ask.ts'
import { scenario } from '../support/scenario.ts'
import { releases } from './releases.ts'
import { askAll, SERVERS, told } from './servers.ts'

const PRELOADS: readonly Preload[] = ['--import', '--require', 'NODE_OPTIONS']
const TSX = join(root, 'fixtures/matrix/node_modules/tsx/dist/loader.mjs')

interface Language {
  readonly name: string
  readonly file: string
  readonly execArgv?: readonly string[]
  /** The first release that runs it without an option of its own. */
  readonly since?: number
}

const LANGUAGES: readonly Language[] = [
  { name: 'CommonJS', file: 'fixtures/matrix/app.cjs' },
  { name: 'ES modules', file: 'fixtures/matrix/app.mjs' },
  { name: 'TypeScript by tsx', file: 'fixtures/matrix/app.mts', execArgv: ['--import', TSX] },
  { name: 'TypeScript by Node', file: 'fixtures/matrix/app.mts', since: 22.18 },
]

/** Kinds of servers that are no plain ones of HTTP/1, see the fixture. */
const FIRST = ['http2', 'streams', 'upgrade'] as const
const UPGRADE = 'GET /first HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: own\r\n\r\n'

for (const { version, file: node } of releases) {
  describe.concurrent(`Node ${version}`, () => {
    for (const { name, since = 0, ...program } of LANGUAGES) {
      if (Number.parseFloat(version) < since) continue
      scenario.for(PRELOADS)(`${name}, %s`, { timeout: 120_000 }, async (preload, { ingest, serve }) => {
        const options: AppOptions = { ...program, node, env: { NODE_ENV: 'production' } }
        const app = await serve({ ...options, preload }, SERVERS.length)
        const bare = await serve({ ...options, preload: 'none' }, SERVERS.length)
        expect(await askAll(app)).toEqual(await askAll(bare))
        await ingest.waitForEvents(SERVERS.length)
        expect(ingest.events.map(told).toSorted()).toEqual([
          'express GET /users/:id 200',
          'fastify GET /users/:id 200',
          'hono GET /users/:id 200',
          'koa GET /users/:id 200',
          'node GET /users/{id} 200',
        ])
        expectClosed(await app.stats())
        expect(withoutPid(await app.stop())).toEqual(withoutPid(await bare.stop()))
      })
    }

    scenario.for(FIRST)(
      'the first server of the process is one of %s: its first exchange is an event',
      { timeout: 120_000 },
      async (kind, { ingest, serve }) => {
        const app = await serve({ file: 'fixtures/matrix/first.cjs', node, env: { KIND: kind } })
        if (kind === 'upgrade') await askRaw(app.port, UPGRADE)
        else await askHttp2(app.origin, '/first')
        const [event] = await ingest.waitForEvents(1)
        expect(event).toMatchObject(
          kind === 'upgrade'
            ? { path: '/first', status_code: 101, metadata: { outcome: 'upgraded' } }
            : { path: '/first', status_code: 200, response_size: 6, metadata: { protocol: 'h2' } },
        )
        expectClosed(await app.stats())
        expect(await app.stop()).toMatchObject({ signal: 'SIGTERM', stderr: '' })
        expect(ingest.events).toHaveLength(1)
      },
    )

    scenario.for(PRELOADS)('exit code and output are the program’s own, %s', async (preload) => {
      const options = { execArgv: ['--eval'], file: "console.log('mine'); process.exitCode = 3", node }
      expect(await App.run({ ...options, preload })).toEqual(await App.run({ ...options, preload: 'none' }))
    })
  })
}

function withoutPid(ending: Ending): Ending {
  return { ...ending, stderr: ending.stderr.replaceAll(/\(node:\d+\)/g, '(node)') }
}
