import { execFileSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { withReport } from '../../src/loader/append.ts'
import { App, root, type AppOptions } from '../support/app.ts'
import { expectClosed } from '../support/ledger.ts'
import { ask } from '../support/request.ts'
import { scenario } from '../support/scenario.ts'

const fixture = 'fixtures/imports'

/** Only there do hooks reach what is required (nodejs/node#59929). */
const node = process.env['NODE_UNDER_TEST'] ?? process.execPath
const [major = 0, minor = 0] = execFileSync(node, ['--version'], { encoding: 'utf8' })
  .slice(1)
  .split('.')
  .map(Number)
const hasSyncHooks = major >= 25 || (major === 24 && minor > 11) || (major === 22 && minor > 22)

function routed(name: string, file: string, options: Partial<AppOptions> = {}, traced = false): void {
  scenario(name, async ({ ingest, serve }) => {
    const app = await serve({ file: `${fixture}/${file}`, ...options })
    const { body } = await ask(app.origin, '/users/7')
    expect(String(body)).toBe('user')
    expect(await ingest.waitForEvents(1)).toMatchObject([
      { path: '/users/:id', status_code: 200, metadata: { framework: 'hono' } },
    ])
    expectClosed(await app.stats())
    expect(app.stderr).toBe('')
    expect(app.stdout.includes('traced')).toBe(traced)
  })
}

describe.each(['--import', '--require'] as const)('%s', (preload) => {
  routed('imported', 'imported.mjs', { preload })
  routed('imported by CommonJS', 'dynamic.cjs', { preload })

  if (hasSyncHooks) routed('an ES module that is required', 'required.cjs', { preload })
  else {
    scenario('an ES module that is required is not seen', async ({ ingest, serve }) => {
      const env = { NODE_OPTIONS: '--experimental-require-module --no-warnings' }
      const app = await serve({ file: `${fixture}/required.cjs`, preload, env })
      await ask(app.origin, '/users/7')
      expect(await ingest.waitForEvents(1)).toMatchObject([{ path: '/users/{id}', status_code: 200 }])
    })
  }

  scenario('in a worker', async ({ ingest }) => {
    const ending = await App.run({ file: `${fixture}/worker.mjs`, preload, endpoint: ingest.url })
    expect(ending).toMatchObject({ code: 0, stderr: '' })
    // Where hooks need a thread of their own, a worker that does not know its entry yet goes without.
    const known = preload === '--import' || hasSyncHooks
    expect(ingest.events).toMatchObject([{ path: known ? '/users/:id' : '/users/{id}' }])
  })

  const threads = { 'hooks-thread.mjs': false, 'tracer-thread.mjs': true }
  const others = hasSyncHooks ? { ...threads, 'hooks-sync.mjs': false, 'tracer-sync.mjs': true } : threads
  describe.each(Object.entries(others))('beside %s', (hooks, traced) => {
    const others = ['--import', `${root}${fixture}/${hooks}`]
    const quiet = { NODE_NO_WARNINGS: '1' }
    routed(
      'before us',
      'imported.mjs',
      { preload, env: { ...quiet, NODE_OPTIONS: others.join(' ') } },
      traced,
    )
    routed('after us', 'imported.mjs', { preload, env: quiet, execArgv: others }, traced)
  })
})

test('what reports already is left as it is', () => {
  const once = withReport('file:///a.mjs', Buffer.from('export const a = 1'))
  expect(once).toContain('export const a = 1\n')
  expect(withReport('file:///a.mjs', once)).toBe(once)
})

test('a process without such a package pays nothing', async () => {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'peekapi-')))
  onTestFinished(() => rm(directory, { recursive: true }))
  await cp(`${root}${fixture}/says.cjs`, join(directory, 'says.cjs'))
  const observed = async (): Promise<boolean> =>
    JSON.parse((await App.run({ file: join(directory, 'says.cjs') })).stdout) as boolean
  expect(await observed()).toBe(false)
  // As pnpm lays out what the application itself does not depend on.
  const modules = join(directory, 'node_modules/.pnpm/node_modules')
  await mkdir(modules, { recursive: true })
  expect(await observed()).toBe(false)
  await symlink(`${root}${fixture}/node_modules/hono`, join(modules, 'hono'))
  expect(await observed()).toBe(true)
})

scenario('packages behind links are observed', async ({ ingest, serve }) => {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'peekapi-')))
  onTestFinished(() => rm(directory, { recursive: true }))
  for (const file of ['imported.mjs', 'serve.mjs'])
    await cp(`${root}${fixture}/${file}`, join(directory, file))
  await mkdir(join(directory, 'node_modules/@hono'), { recursive: true })
  for (const name of ['hono', '@hono/node-server'])
    await symlink(`${root}${fixture}/node_modules/${name}`, join(directory, 'node_modules', name))
  const app = await serve({ file: join(directory, 'imported.mjs') })
  await ask(app.origin, '/users/7')
  expect(await ingest.waitForEvents(1)).toMatchObject([{ path: '/users/:id' }])
})
