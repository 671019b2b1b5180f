import { existsSync } from 'node:fs'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { App, root } from '../support/app.ts'
import { expectClosed } from '../support/ledger.ts'
import { ask } from '../support/request.ts'
import { scenario } from '../support/scenario.ts'

/** A framework's applications of one release, whose package calls itself another. */
async function disguised(framework: string, release: string, version: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'peekapi-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const source = `${root}fixtures/${framework}`
  await cp(source, directory, {
    recursive: true,
    filter: (path) => {
      const entry = path.slice(source.length + 1)
      return !/^\d[^/]*$/.test(entry) || entry === release
    },
  })
  const pack = join(directory, release, 'node_modules', framework)
  const manifest = join(pack, 'package.json')
  const { version: own, ...rest } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string }
  await writeFile(manifest, JSON.stringify({ ...rest, version }))
  // Fastify tells it from a constant.
  const main = join(pack, `${framework}.js`)
  if (existsSync(main))
    await writeFile(main, (await readFile(main, 'utf8')).replace(`'${own}'`, `'${version}'`))
  return directory
}

const outsiders = [
  { framework: 'express', release: '4', version: '3.21.2', range: '>=4.16 <5' },
  { framework: 'koa', release: '3', version: '4.0.0', range: '>=2 <4' },
  { framework: 'hono', release: '4', version: '5.0.0', range: '>=3.12 <5' },
]

describe.each(outsiders)('$framework $version', ({ framework, release, version, range }) => {
  scenario.for(['app.cjs', 'app.mjs'])(
    'is captured by path, and debug says so once: %s',
    async (file, { ingest, serve }) => {
      const env = { PEEKAPI_DEBUG: 'true', PEEKAPI_NORMALIZE_PATHS: 'false' }
      const app = await serve({
        file: join(await disguised(framework, release, version), release, file),
        env,
      })
      await ask(app.origin, '/orgs/acme/users/7')
      const [event] = await ingest.waitForEvents(1)
      expect(event).toMatchObject({ path: '/orgs/acme/users/7', status_code: 200 })
      expect(event).not.toHaveProperty('metadata.framework')
      const lines = app.stderr.split('\n').filter((line) => line.includes('outside the tested range'))
      expect(lines).toEqual([
        `[peekapi] ${framework}: ${framework} ${version} is outside the tested range ${range}; its requests are captured by path`,
      ])
      expectClosed(await app.stats())
    },
  )
})

// Its plugins refuse to run under another release, so this application has none.
scenario(
  'fastify 6.0.0 is captured by path, and debug says so once for all instances',
  async ({ ingest, serve }) => {
    const directory = await disguised('fastify', '5', '6.0.0')
    const env = { PEEKAPI_DEBUG: 'true', PEEKAPI_NORMALIZE_PATHS: 'false' }
    const app = await serve({ file: join(directory, 'programs/servers.cjs'), args: ['5'], env })
    await ask(app.origin, '/front/1')
    await ask(app.origin, '/back/1')
    const events = await ingest.waitForEvents(2)
    expect(events.map(({ path, metadata }) => [path, metadata?.['framework']])).toEqual([
      ['/front/1', undefined],
      ['/back/1', undefined],
    ])
    expect(app.stderr.match(/fastify 6\.0\.0 is outside the tested range/g)).toHaveLength(1)
    expectClosed(await app.stats())
  },
)

describe.each(['app.cjs', 'app.mjs'])('%s', (file) => {
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
