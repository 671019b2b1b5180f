import { execFileSync } from 'node:child_process'
import { cp, mkdir, readFile, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect } from 'vitest'
import { root, type App } from '../support/app.ts'
import type { Ingest } from '../support/ingest.ts'
import { expectClosed } from '../support/ledger.ts'
import { ask } from '../support/request.ts'
import { scenario } from '../support/scenario.ts'
import { until } from '../support/until.ts'

const fixture = `${root}fixtures/layouts`

/** As fixtures/layouts/routes.cjs starts them. */
const FRAMEWORKS = ['express', 'express', 'fastify', 'fastify', 'koa', 'koa', 'hono']

/** Asks every server once, one after the other. */
async function expectRoutes(app: App, ingest: Ingest): Promise<void> {
  await until(
    () => app.ports.length === FRAMEWORKS.length,
    () => `all servers; got ${app.ports.length}\n${app.stderr}`,
  )
  for (const [index, port] of app.ports.entries()) {
    const { body } = await ask(`http://127.0.0.1:${port}`, '/orgs/acme/users/7')
    expect(String(body)).toBe('7')
    await ingest.waitForEvents(index + 1)
  }
  expect(ingest.events.map(({ path, metadata }) => [path, metadata?.['framework']])).toEqual(
    FRAMEWORKS.map((name) => ['/orgs/:org/users/:id', name]),
  )
  expectClosed(await app.stats())
  expect(app.stderr).toBe('')
}

describe.each(['app.cjs', 'app.mjs'])('%s', (file) => {
  scenario('packages under other names, and two copies of each framework', async ({ ingest, serve }) => {
    const app = await serve({ file: join(fixture, file) })
    await expectRoutes(app, ingest)
  })

  scenario('packages behind links, as pnpm lays them out', async ({ ingest, directory, serve }) => {
    for (const one of [file, 'routes.cjs', 'package.json']) await cp(join(fixture, one), join(directory, one))
    await layOutStrictly(join(fixture, 'node_modules'), join(directory, 'node_modules'))
    const app = await serve({ file: join(directory, file) })
    await expectRoutes(app, ingest)
  })
})

/** All packages in a hidden folder, and beside the application nothing but links to what it asks for itself. */
async function layOutStrictly(flat: string, strict: string): Promise<void> {
  const store = join(strict, '.pnpm/all/node_modules')
  await mkdir(dirname(store), { recursive: true })
  // Not by links: the temporary directory may be on another disk.
  execFileSync('cp', ['-a', flat, store])
  const { dependencies } = JSON.parse(await readFile(join(dirname(flat), 'package.json'), 'utf8')) as {
    dependencies: object
  }
  for (const name of Object.keys(dependencies)) {
    await mkdir(dirname(join(strict, name)), { recursive: true })
    await symlink(join(store, name), join(strict, name))
  }
}
