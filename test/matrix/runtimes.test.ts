import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { root } from '../support/app.ts'
import { expectClosed } from '../support/ledger.ts'
import { scenario } from '../support/scenario.ts'
import { askAll, SERVERS, told } from './servers.ts'

const binaries = join(root, 'fixtures/runtimes/node_modules')
const BUN = join(binaries, '@oven/bun-linux-x64/bin/bun')
const DENO = join(binaries, '@deno/linux-x64-glibc/deno')

interface Runtime {
  readonly name: string
  readonly node: readonly string[]
  readonly preload: 'none' | '--import' | '--require'
  readonly env?: Readonly<Record<string, string>>
}

const runtimes: readonly Runtime[] = [
  { name: 'Bun by --preload', node: [BUN, '--preload', `${root}register.cjs`], preload: 'none' },
  { name: 'Bun by --import', node: [BUN], preload: '--import' },
  {
    name: 'Bun by BUN_OPTIONS',
    node: [BUN],
    preload: 'none',
    env: { BUN_OPTIONS: `--preload ${root}register.cjs` },
  },
  { name: 'Deno by --require', node: [DENO, 'run', '-A', '--quiet'], preload: '--require' },
  {
    name: 'Deno by NODE_OPTIONS',
    node: [DENO, 'run', '-A', '--quiet'],
    preload: 'none',
    env: { NODE_OPTIONS: `--require ${root}register.cjs` },
  },
]

describe.concurrent('other runtimes', { timeout: 120_000 }, () => {
  for (const { name, ...runtime } of runtimes) {
    scenario.for(['app.cjs', 'app.mjs'])(`${name}, %s`, async (file, { ingest, serve }) => {
      const app = await serve({ ...runtime, file: `fixtures/matrix/${file}` }, SERVERS.length)
      expect((await askAll(app)).toSorted()).toEqual([...SERVERS].toSorted())
      await ingest.waitForEvents(SERVERS.length)
      // Neither shows ES modules as they load: Hono's requests keep their paths there.
      const hono = file === 'app.cjs' ? 'hono GET /users/:id 200' : 'node GET /users/{id} 200'
      expect(ingest.events.map(told).toSorted()).toEqual(
        [
          'express GET /users/:id 200',
          'fastify GET /users/:id 200',
          hono,
          'koa GET /users/:id 200',
          'node GET /users/{id} 200',
        ].toSorted(),
      )
      expectClosed(await app.stats())
      expect(app.stderr).toBe('')
    })
  }
})
