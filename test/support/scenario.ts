import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestAPI } from 'vitest'
import { App, type AppOptions } from './app.ts'
import { Ingest } from './ingest.ts'

export interface Scenario {
  /** An endpoint of this test's own. */
  readonly ingest: Ingest
  /** A directory of this test's own, and its applications' place for temporary files; gone when the test ends. */
  readonly directory: string
  /** Starts a server under the preload that reports to `ingest`, with as many servers as given; it is gone when the test ends. */
  readonly serve: (options?: Partial<AppOptions>, servers?: number) => Promise<App>
}

/** A test with its own endpoint and applications, so that tests which mostly wait can run side by side. */
export const scenario: TestAPI<Scenario> = test.extend<Scenario>({
  // oxlint-disable-next-line no-empty-pattern -- Vitest reads the wanted fixtures from this pattern: none.
  ingest: async ({}, use) => {
    const ingest = await Ingest.start()
    await use(ingest)
    await ingest.close()
  },
  // oxlint-disable-next-line no-empty-pattern -- As above.
  directory: async ({}, use) => {
    const directory = mkdtempSync(join(tmpdir(), 'scenario-'))
    await use(directory)
    rmSync(directory, { recursive: true, force: true })
  },
  serve: async ({ ingest, directory }, use) => {
    const apps: App[] = []
    await use(async (options, servers) => {
      const app = await App.serve(
        {
          file: 'fixtures/http/app.cjs',
          ...options,
          endpoint: options?.endpoint ?? ingest.url,
          env: { TMPDIR: directory, ...options?.env },
        },
        servers,
      )
      apps.push(app)
      return app
    })
    await Promise.all(apps.map((app) => app.stop('SIGKILL')))
  },
})
