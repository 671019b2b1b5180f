import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Registration } from '../../src/frameworks/framework.ts'
import { interceptModules } from '../../src/loader/intercept.ts'

let directory: string
let requireThere: NodeJS.Require
const patched: Array<[exports: unknown, path: string]> = []

function registration(name: string, path: string, patch: (exports: unknown) => void): Registration {
  return {
    name,
    supported: '',
    observed: '',
    modules: [{ path, versions: '>=1 <2' }],
    load: () => ({
      patch: (exports, path) => {
        patched.push([exports, path])
        patch(exports)
      },
    }),
  }
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'peekapi-'))
  requireThere = createRequire(join(directory, 'app.cjs'))
  await install('observed', '1.2.3')
  await install('@scope/observed', '1.2.3')
  await install('@scope/observed', '1.2.4', 'renamed')
  await install('faulty', '1.2.3')
  await install('unversioned', undefined)
  interceptModules([
    registration('observed', 'observed/lib/main.js', (exports) =>
      Object.assign(exports as object, { patched: true }),
    ),
    registration('scoped', '@scope/observed/lib/inner.js', (exports) =>
      Object.assign(exports as object, { patched: true }),
    ),
    registration('faulty', 'faulty/lib/main.js', () => {
      throw new Error('a fault of ours')
    }),
    registration('unversioned', 'unversioned/lib/main.js', () => {}),
  ])
})
afterAll(() => rm(directory, { recursive: true }))

async function install(name: string, version: string | undefined, folder = name): Promise<void> {
  const home = join(directory, 'node_modules', folder)
  await mkdir(join(home, 'lib'), { recursive: true })
  await writeFile(join(home, 'package.json'), JSON.stringify({ name, version, main: 'lib/main.js' }))
  await writeFile(join(home, 'lib/main.js'), `exports.inner = require('./inner.js')`)
  await writeFile(join(home, 'lib/inner.js'), `exports.name = '${name}'`)
}

test('the main file of a package is patched in place, once', () => {
  const first = requireThere('observed') as unknown
  expect(requireThere('observed')).toBe(first)
  expect(first).toEqual({ patched: true, inner: { name: 'observed' } })
  expect(patched).toEqual([[first, 'observed/lib/main.js']])
})

test('an inner file of a scoped package is patched, its main file is not', () => {
  expect(requireThere('@scope/observed')).toEqual({ inner: { name: '@scope/observed', patched: true } })
})

test('a package under another name is what its manifest says', () => {
  expect(requireThere('renamed')).toEqual({ inner: { name: '@scope/observed', patched: true } })
})

test('a patch that throws costs the framework, not the require', () => {
  expect(requireThere('faulty')).toEqual({ inner: { name: 'faulty' } })
  expect(patched.map(([, path]) => path)).toContain('faulty/lib/main.js')
})

test('a package without a version is left alone', () => {
  expect(requireThere('unversioned')).toEqual({ inner: { name: 'unversioned' } })
  expect(patched.map(([, path]) => path)).not.toContain('unversioned/lib/main.js')
})
