import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inertSurface } from '../../src/surface.ts'
import { installPacked, type InstalledProject } from '../support/package.ts'

const MAX_PACKAGES = 8
const MAX_UNPACKED_BYTES = 1_000_000

let project: InstalledProject
beforeAll(() => {
  project = installPacked()
})
afterAll(() => project.remove())

/** Runs a program in the project, with nothing of this repository around it. */
function run(args: readonly string[], env: Record<string, string> = {}): string {
  return execFileSync(process.execPath, args, {
    cwd: project.directory,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', PEEKAPI_API_KEY: 'k', PEEKAPI_STORAGE_PATH: 'none', ...env },
  })
}

test('ships what is needed and nothing else', () => {
  const paths = project.packed.files.map(({ path }) => path).toSorted()
  expect(paths).toEqual([
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'dist/LICENSES.txt',
    'dist/cli.cjs',
    'dist/client.cjs',
    'dist/client.d.cts',
    'dist/client.d.mts',
    'dist/client.mjs',
    'dist/deferred.cjs',
    'dist/frameworks.cjs',
    'dist/index.d.cts',
    'dist/index.d.mts',
    'dist/loader.mjs',
    'dist/preload.cjs',
    'package.json',
    'register.cjs',
    'register.mjs',
  ])
})

test('is small', () => {
  const { size, unpackedSize } = project.packed
  console.log(
    `packed ${size} bytes, unpacked ${unpackedSize} bytes, ${project.packages.length} packages installed`,
  )
  expect(project.packages.length).toBeLessThanOrEqual(MAX_PACKAGES)
  expect(unpackedSize).toBeLessThan(MAX_UNPACKED_BYTES)
})

test('names version and licence of what it bundles', () => {
  const notices = readFileSync(
    join(project.directory, 'node_modules/@peekapi/auto/dist/LICENSES.txt'),
    'utf8',
  )
  for (const name of ['require-in-the-middle', 'module-details-from-path', 'shimmer']) {
    expect(notices).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(\\S+\\)$`, 'm'))
  }
})

describe('where the entries may be read and no more, everything can be called and does nothing', () => {
  const program = `surface.track({ method: 'GET', path: '/', status_code: 200 })
surface.setConsumer('c')
const client = new surface.PeekApiClient({ apiKey: 'k' })
client.track({ method: 'GET', path: '/', status_code: 200 })
Promise.all([surface.flush(), surface.shutdown(), client.flush(), client.shutdown()]).then(() =>
  console.log(JSON.stringify([surface.stats(), client.stats()])))`
  test.each([
    ['import', 'inert.mjs', `import * as surface from '@peekapi/auto'\n${program}`],
    ['require', 'inert.cjs', `const surface = require('@peekapi/auto')\n${program}`],
  ])('%s', (_name, file, source) => {
    writeFileSync(join(project.directory, file), source)
    const ours = 'node_modules/@peekapi/auto'
    const readable = [file, 'package.json', `${ours}/package.json`, `${ours}/register.*`]
    const flags = readable.map((path) => `--allow-fs-read=${join(project.directory, path)}`)
    const { stdout, stderr } = spawnSync(process.execPath, ['--permission', ...flags, file], {
      cwd: project.directory,
      encoding: 'utf8',
      env: { PEEKAPI_API_KEY: 'k' },
    })
    expect(stderr).toMatch(/^\[peekapi\] could not start and stays inert: .*\n$/)
    expect(JSON.parse(stdout)).toEqual([inertSurface.stats(), inertSurface.stats()])
  })
})

describe('every door opens', () => {
  const program =
    "console.log(typeof track, typeof PeekApiClient, new PeekApiClient({ apiKey: 'k' }).stats().captured)"
  const doors: ReadonlyArray<[name: string, file: string, source: string]> = [
    ['import', 'a.mjs', `import { track, PeekApiClient } from '@peekapi/auto'\n${program}`],
    ['require', 'a.cjs', `const { track, PeekApiClient } = require('@peekapi/auto')\n${program}`],
    [
      'import of /register',
      'b.mjs',
      `import { track, PeekApiClient } from '@peekapi/auto/register'\n${program}`,
    ],
    [
      'require of /register',
      'b.cjs',
      `const { track, PeekApiClient } = require('@peekapi/auto/register')\n${program}`,
    ],
    [
      'import of /client',
      'c.mjs',
      `import { PeekApiClient } from '@peekapi/auto/client'\nconst track = () => {}\n${program}`,
    ],
    [
      'require of /client',
      'c.cjs',
      `const { PeekApiClient } = require('@peekapi/auto/client')\nconst track = () => {}\n${program}`,
    ],
  ]
  test.each(doors)('%s', (_name, file, source) => {
    writeFileSync(join(project.directory, file), source)
    expect(run([file])).toBe('function function 0\n')
  })

  test.each([
    ['--import', ['--import', '@peekapi/auto'], {}],
    ['--require', ['--require', '@peekapi/auto'], {}],
    ['both', ['--require', '@peekapi/auto', '--import', '@peekapi/auto'], {}],
    ['NODE_OPTIONS', [], { NODE_OPTIONS: '--import @peekapi/auto' }],
  ])('the preload by %s', (_name, args, env) => {
    const source =
      "console.log(Object.keys(globalThis).length, typeof globalThis[Symbol.for('peekapi.auto')]?.track)"
    const bare = run(['-e', 'console.log(Object.keys(globalThis).length)']).trim()
    expect(run([...args, '-e', source], env)).toBe(`${bare} function\n`)
  })

  test('the command', () => {
    expect(run([join('node_modules', '.bin', 'peekapi'), '--version'])).toMatch(/0\.1\.0/)
  })
})
