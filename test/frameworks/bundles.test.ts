import { execFileSync } from 'node:child_process'
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { subject as express } from '../../fixtures/express/cases.ts'
import { subject as fastify } from '../../fixtures/fastify/cases.ts'
import { casesOf, expected, inTurn, releasesOf, said, type Case } from '../contract.ts'
import { root } from '../support/app.ts'
import { expectClosed } from '../support/ledger.ts'
import { ask } from '../support/request.ts'
import { scenario } from '../support/scenario.ts'

function bundle(bundler: string, entry: string, file: string): void {
  execFileSync(process.execPath, [`${root}fixtures/bundlers/bundle.cjs`, bundler, entry, file])
}

const releases = [express, fastify].flatMap((subject) =>
  releasesOf(subject)
    .filter(({ version }) => subject === express || !version.startsWith('3'))
    .map((release) => ({ subject, ...release })),
)

/** Mounts that their compiled form does not tell, by the beginning of the route; see docs/frameworks.md. */
function isForgotten({ route = '' }: Case, name: string, version: string): boolean {
  if (name !== 'express' || version === '5.3.0') return false
  if (route.startsWith(String.raw`/\/third`)) return true
  return version.startsWith('5.') && (route.startsWith(String.raw`/\/rm`) || route.includes('{*splat}'))
}

/** Five seconds of CPU for each bundle; this long on a busy machine. */
const WEBPACK_TIMEOUT_MS = 180_000
const WITH_WEBPACK = process.env['RELEASES'] === 'all'

describe.each(WITH_WEBPACK ? ['esbuild', 'webpack'] : ['esbuild'])('bundled by %s, minified', (bundler) => {
  for (const { subject, directory: fixture, version, pinned } of releases) {
    // The newest of each major will do: what webpack does to names is the same in all.
    if (bundler === 'webpack' && !/\/\d+$/.test(fixture)) continue
    scenario(
      `${subject.name} ${version} is exact`,
      { timeout: WEBPACK_TIMEOUT_MS },
      async ({ ingest, directory, serve }) => {
        await symlink(`${root}fixtures/${subject.name}/public`, join(directory, 'public'))
        const file = join(directory, 'app.cjs')
        bundle(bundler, `${fixture}/app.cjs`, file)
        const app = await serve({ file, env: { NODE_ENV: 'production', PEEKAPI_NORMALIZE_PATHS: 'false' } })
        const cases = casesOf(subject, version, pinned).filter(
          (one) => !isForgotten(one, subject.name, version),
        )
        const answers = await inTurn(cases, app, 0)
        await ingest.waitForEvents(cases.length)
        const events = new Map(ingest.events.map((event) => [event.consumer_id ?? '', event]))
        expect(cases.map((one, index) => [one.name, said(events.get(`0/${index}`))])).toEqual(
          cases.map((one, index) => [one.name, expected(subject.name, one, answers[index]!)]),
        )
        expectClosed(await app.stats())
      },
    )
  }

  scenario.for(['koa/3', 'hapi/21'])(
    '%s is captured by path',
    async (fixture, { ingest, directory, serve }) => {
      const file = join(directory, 'app.cjs')
      bundle(bundler, `${root}fixtures/${fixture}/app.cjs`, file)
      const app = await serve({ file })
      await ask(app.origin, '/users/7')
      const [event] = await ingest.waitForEvents(1)
      expect(event).toMatchObject({ path: '/users/{id}', status_code: 200 })
      expect(event).not.toHaveProperty('metadata.framework')
    },
  )
})
