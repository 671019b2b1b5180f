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
  execFileSync(process.execPath, [`${root}fixtures/bundlers/bundle.cjs`, bundler, `${root}${entry}`, file])
}

const releases = [express, fastify].flatMap((subject) =>
  releasesOf(subject)
    .filter(({ version }) => subject === express || !version.startsWith('3'))
    .map((release) => ({ subject, ...release })),
)

/** Routers 2.0 to 2.2 keep nothing of a regular expression that something is mounted on. */
function asBundled(one: Case, version: string): Case {
  const forgotten = version === '5.1.0' && one.name === 'mounted on one'
  return forgotten ? { ...one, route: '/rm/:0/in/:q' } : one
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
        const cases = casesOf(subject, version, pinned).map((one) => asBundled(one, version))
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
      bundle(bundler, `fixtures/${fixture}/app.cjs`, file)
      const app = await serve({ file })
      await ask(app.origin, '/users/7')
      const [event] = await ingest.waitForEvents(1)
      expect(event).toMatchObject({ path: '/users/{id}', status_code: 200 })
      expect(event).not.toHaveProperty('metadata.framework')
    },
  )
})
