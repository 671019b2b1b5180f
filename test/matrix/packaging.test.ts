import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { root } from '../support/app.ts'
import { Ingest } from '../support/ingest.ts'
import { installPacked, npm, type InstalledProject } from '../support/package.ts'

const tools = join(root, 'fixtures/packaging/node_modules')
/** The registry that npm uses: other package managers have settings of their own. */
const registry = npm(['config', 'get', 'registry'], root).trim()

let packed: InstalledProject
let tarball: string
beforeAll(() => {
  packed = installPacked()
  tarball = join(packed.directory, packed.packed.filename)
})
afterAll(() => packed.remove())

/** Not synchronously: what runs reports to an endpoint in this process. */
async function run(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const PATH = `${dirname(process.execPath)}:${process.env['PATH']}`
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd,
    env: { ...process.env, NO_COLOR: '1', PATH, ...env },
  })
  return stdout
}

describe('the package', () => {
  test('publint finds nothing', async () => {
    const output = await run([join(tools, 'publint/src/cli.js'), 'run', tarball, '--strict'], root)
    expect(output).toContain('All good!')
  })

  test('are the types wrong? No, in no way to resolve modules since Node 16', async () => {
    const cli = join(tools, '@arethetypeswrong/cli/dist/index.js')
    const output = await run([cli, tarball, '--profile', 'node16', '--format', 'ascii', '--no-emoji'], root)
    expect(output).toContain('node16 (from ESM): OK (ESM)')
  })

  const program = `
import { flush, PeekApiClient, setConsumer, shutdown, stats, track, type ApiEvent, type Stats } from '@peekapi/auto'
import type { ConfigModule } from '@peekapi/auto'
const event: Pick<ApiEvent, 'path'> = { path: '/' }
const ledger: Stats = stats()
const captured: number = ledger.captured
setConsumer(event.path + captured)
export const ended: Promise<void> = flush().then(() => shutdown())
export const client: PeekApiClient = new PeekApiClient({ apiKey: 'k' })
export const module: ConfigModule = { identifyConsumer: ({ method }) => method }
track({ method: 'GET', path: '/', status_code: 200, response_time_ms: 1 })
// @ts-expect-error -- A status is a number.
track({ method: 'GET', path: '/', status_code: '200', response_time_ms: 1 })
`
  test.for(['oldest', 'newest'])('its types hold in the %s TypeScript', async (age) => {
    for (const extension of ['cts', 'mts'])
      writeFileSync(join(packed.directory, `types.${extension}`), program)
    const tsc = join(tools, `typescript-${age}`, age === 'oldest' ? 'lib/tsc.js' : 'bin/tsc')
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--moduleResolution', 'nodenext']
    expect(await run([tsc, ...options, 'types.cts', 'types.mts'], packed.directory)).toBe('')
  })
})

const APP = `
const server = express()
  .get('/users/:id', (request, response) => response.send('ok'))
  .listen(0, '127.0.0.1', () => {
    http.get({ port: server.address().port, path: '/users/7', agent: false }, (response) => {
      response.resume().on('end', () => server.close())
    })
  })
`
const EXPRESS = '5.3.0'

interface Manager {
  readonly name: string
  readonly files?: Readonly<Record<string, string>>
  readonly install: readonly string[]
  /** Before the arguments of node. */
  readonly node?: readonly string[]
}

const yarn = join(tools, '@yarnpkg/cli-dist/bin/yarn.js')
const yarnSettings = (linker: string): string =>
  [
    `nodeLinker: ${linker}`,
    'enableGlobalCache: false',
    'enableTelemetry: false',
    `npmRegistryServer: "${registry}"`,
    ...(registry.startsWith('http:') ? [`unsafeHttpWhitelist: ["${new URL(registry).hostname}"]`] : []),
  ].join('\n')

const managers: readonly Manager[] = [
  { name: 'pnpm', install: [join(tools, 'pnpm/bin/pnpm.cjs'), 'install', '--store-dir', '.store'] },
  {
    name: 'yarn, node_modules',
    files: { '.yarnrc.yml': yarnSettings('node-modules') },
    install: [yarn, 'install'],
  },
  {
    name: "yarn, Plug'n'Play",
    files: { '.yarnrc.yml': yarnSettings('pnp') },
    install: [yarn, 'install'],
    node: [yarn, 'node'],
  },
]

describe.concurrent('package managers', { timeout: 240_000 }, () => {
  test.for(managers)(
    '$name: installed, loaded, and exact',
    async ({ files, install, node = [] }, { onTestFinished }) => {
      const directory = mkdtempSync(join(tmpdir(), 'peekapi-manager-'))
      onTestFinished(() => rmSync(directory, { recursive: true, force: true, maxRetries: 10 }))
      mkdirSync(join(directory, 'sub'))
      const dependencies = { '@peekapi/auto': `file:${tarball}`, express: EXPRESS }
      const sources: Record<string, string> = {
        'package.json': JSON.stringify({ name: 'a-service', private: true, dependencies }),
        'app.cjs': `const http = require('node:http')\nconst express = require('express')\n${APP}`,
        'app.mjs': `import http from 'node:http'\nimport express from 'express'\n${APP}`,
        ...files,
      }
      for (const [name, source] of Object.entries(sources)) writeFileSync(join(directory, name), source)
      await run(install, directory, { CI: 'true', YARN_ENABLE_IMMUTABLE_INSTALLS: 'false' })
      const ingest = await Ingest.start()
      onTestFinished(() => ingest.close())
      for (const args of [
        ['--import', '@peekapi/auto', 'app.mjs'],
        ['--require', '@peekapi/auto', 'app.cjs'],
      ]) {
        await run([...node, ...args], directory, {
          PEEKAPI_API_KEY: 'test-key',
          PEEKAPI_ENDPOINT: ingest.url,
          PEEKAPI_STORAGE_PATH: 'none',
        })
      }
      await ingest.waitForEvents(2)
      expect(ingest.events.map(({ path, metadata }) => [path, metadata?.['framework']])).toEqual([
        ['/users/:id', 'express'],
        ['/users/:id', 'express'],
      ])
    },
  )
})
