import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { App, root } from '../support/app.ts'
import { expectClosed } from '../support/ledger.ts'
import { ask } from '../support/request.ts'
import { scenario } from '../support/scenario.ts'

/** A copy of the application whose Express calls itself another release. */
async function disguised(version: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'peekapi-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  await cp(`${root}fixtures/express`, directory, {
    recursive: true,
    filter: (path) => !/\/express\/(?:4\.16|5|5\.1)$/.test(path),
  })
  const manifest = join(directory, '4/node_modules/express/package.json')
  await writeFile(manifest, JSON.stringify({ ...JSON.parse(await readFile(manifest, 'utf8')), version }))
  return directory
}

describe.each(['app.cjs', 'app.mjs'])('%s', (file) => {
  scenario(
    'a release outside the range is captured by path, and debug says so once',
    async ({ ingest, serve }) => {
      const env = { PEEKAPI_DEBUG: 'true', PEEKAPI_NORMALIZE_PATHS: 'false' }
      const app = await serve({ file: join(await disguised('3.21.2'), '4', file), env })
      await ask(app.origin, '/orgs/acme/users/7')
      const [event] = await ingest.waitForEvents(1)
      expect(event).toMatchObject({ path: '/orgs/acme/users/7', status_code: 200 })
      expect(event).not.toHaveProperty('metadata.framework')
      const lines = app.stderr.split('\n').filter((line) => line.includes('outside the tested range'))
      expect(lines).toEqual([
        '[peekapi] express: express 3.21.2 is outside the tested range >=4.16 <5; its requests are captured by path',
      ])
      expectClosed(await app.stats())
    },
  )

  scenario('a framework that is switched off is captured by path', async ({ ingest, serve }) => {
    const env = { PEEKAPI_DISABLED_FRAMEWORKS: 'koa, Express', PEEKAPI_NORMALIZE_PATHS: 'false' }
    const app = await serve({ file: `fixtures/express/5/${file}`, env })
    await ask(app.origin, '/orgs/acme/users/7')
    const [event] = await ingest.waitForEvents(1)
    expect(event).toMatchObject({ path: '/orgs/acme/users/7', status_code: 200 })
    expect(event).not.toHaveProperty('metadata.framework')
    expectClosed(await app.stats())
  })
})

scenario('two copies of Express, one inside the other, tell one route', async ({ ingest, serve }) => {
  const app = await serve({ file: 'fixtures/express/programs/mixed.cjs' })
  await ask(app.origin, '/a/1/b/2')
  await ask(app.origin, '/a/1/c')
  const events = await ingest.waitForEvents(2)
  expect(events.map(({ path }) => path)).toEqual(['/a/:a/b/:b', '/a/:a/:c'])
  expectClosed(await app.stats())
})

describe.each(['router.cjs', 'router.mjs'])('%s', (file) => {
  scenario('the router package alone is named router', async ({ ingest, serve }) => {
    const app = await serve({ file: `fixtures/express/5/${file}` })
    await ask(app.origin, '/users/7')
    await ask(app.origin, '/nothing')
    expect(await ingest.waitForEvents(2)).toMatchObject([
      { path: '/users/:id', status_code: 200, metadata: { framework: 'router' } },
      { path: '/nothing', status_code: 404, metadata: { framework: 'router', unmatched: true } },
    ])
  })
})

scenario('faults while a request is followed stay ours, and end after some', async ({ ingest, serve }) => {
  const app = await serve({ file: 'fixtures/express/programs/hostile.cjs' })
  const answers = { '/users/1': 'user', '/users/2': 'user', '/nothing': 'nothing' }
  const rounds = 10
  for (let round = 0; round < rounds; round++) {
    for (const [path, answer] of Object.entries(answers)) {
      const { status, body } = await ask(app.origin, path)
      expect([status, String(body)]).toEqual([200, answer])
    }
  }
  await ingest.waitForEvents(rounds * Object.keys(answers).length)
  expectClosed(await app.stats())
  const lines = app.stderr.split('\n').filter((line) => line !== '')
  expect(lines).toEqual([
    expect.stringMatching(/^\[peekapi\] express routes failed 20 times within a minute/),
  ])
})

test.each([{}, { DEBUG: 'express:*,router*' }])(
  'a program sees no difference in what is wrapped %j',
  async (env) => {
    const file = 'fixtures/express/programs/shapes.cjs'
    const observed = await App.run({ file, env })
    const bare = await App.run({ file, env, preload: 'none' })
    // The debug package prefixes dates.
    const timeless = (text: string): string => text.replaceAll(/^(?:\S+Z|\w+, .+? GMT) /gm, '')
    expect(observed.stdout).toBe(bare.stdout)
    expect(timeless(observed.stderr)).toBe(timeless(bare.stderr))
    expect(observed.code).toBe(0)
  },
)
