import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { subject } from '../../fixtures/fastify/cases.ts'
import { contract } from '../contract.ts'
import { App, root } from '../support/app.ts'
import { scenario } from '../support/scenario.ts'
import { ask } from '../support/request.ts'

contract(subject)

test.each(['3', '4.0', '4', '5'])(
  'a program sees one hook more among the plugins, Fastify %s',
  async (release) => {
    const options = { file: 'fixtures/fastify/programs/shapes.cjs', args: [release] }
    const observed = await App.run(options)
    const bare = await App.run({ ...options, preload: 'none' })
    expect(observed.stdout.replace('├── bound _after\n', '')).toBe(bare.stdout)
    expect(observed.stderr).toBe(bare.stderr)
    expect(observed.code).toBe(0)
  },
)

scenario.for(['4', '5'])(
  'routes are exact in a minified bundle, Fastify %s',
  async (release, { ingest, serve, onTestFinished }) => {
    const directory = mkdtempSync(join(tmpdir(), 'peekapi-bundle-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const file = join(directory, 'app.cjs')
    await build({
      entryPoints: [`${root}fixtures/fastify/programs/bundled.cjs`],
      alias: { fastify: `${root}fixtures/fastify/${release}/node_modules/fastify` },
      outfile: file,
      bundle: true,
      minify: true,
      platform: 'node',
    })
    const app = await serve({ file })
    for (const path of ['/orgs/acme/users/7', '/nowhere', '/fails/1']) await ask(app.origin, path)
    await ingest.waitForEvents(3)
    expect(ingest.events.map(({ path, metadata }) => [path, metadata?.['framework']])).toEqual([
      ['/orgs/:org/users/:id', 'fastify'],
      ['/nowhere', 'fastify'],
      ['/fails/:x', 'fastify'],
    ])
  },
)

scenario('PEEKAPI_DISABLED_FRAMEWORKS leaves the channel alone', async ({ ingest, serve }) => {
  const app = await serve({
    file: 'fixtures/fastify/programs/servers.cjs',
    args: ['5'],
    env: { PEEKAPI_DISABLED_FRAMEWORKS: 'fastify' },
  })
  await ask(app.origin, '/front/abc')
  await ingest.waitForEvents(1)
  expect(ingest.events[0]).toMatchObject({ path: '/front/abc' })
  expect(ingest.events[0]?.metadata?.['framework']).toBeUndefined()
})
