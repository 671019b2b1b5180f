import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { registry } from '../../src/frameworks/index.ts'
import { satisfies } from '../../src/loader/versions.ts'
import { root } from '../support/app.ts'
import { frameworkTable, readmeSection } from '../support/readme.ts'

/** The registry is the only list; whatever else speaks of a framework must agree with it. */
describe.each(registry)('$name', ({ name, modules, channels = [], load }) => {
  const directory = `${root}fixtures/${name}`
  const releases = existsSync(directory)
    ? readdirSync(directory).filter((entry) => existsSync(`${directory}/${entry}/package.json`))
    : []

  test('has a fixture, in both module systems and with a lockfile', () => {
    expect(releases).not.toEqual([])
    for (const release of releases) {
      for (const file of ['app.cjs', 'app.mjs', 'package-lock.json'])
        expect(existsSync(`${directory}/${release}/${file}`), `${release}/${file}`).toBe(true)
    }
  })

  test('has a test that runs the contract', () => {
    expect(readFileSync(`${root}test/frameworks/${name}.test.ts`, 'utf8')).toMatch(/^contract\(/m)
  })

  test.each(modules)('observes $path in releases that a fixture pins', ({ path, versions }) => {
    const pinned = releases.flatMap((release) => lockedVersion(`${directory}/${release}`, path) ?? [])
    expect(pinned.some((version) => satisfies(version, versions))).toBe(true)
  })

  test.each(channels)('observes $channel in releases that a fixture pins', (observed) => {
    const pinned = releases.flatMap(
      (release) => lockedVersion(`${directory}/${release}`, observed.package) ?? [],
    )
    expect(pinned.some((version) => satisfies(version, observed.versions))).toBe(true)
  })

  test('loads', () => {
    const { patch, recognize } = load()
    expect(patch ?? recognize).toBeTypeOf('function')
  })
})

test('README.md shows the registry', () => {
  expect(readmeSection('frameworks')).toBe(frameworkTable(registry))
})

test('names are unique, and so are observed modules', () => {
  const names = registry.map(({ name }) => name)
  const paths = registry.flatMap(({ modules }) => modules.map(({ path }) => path))
  expect(new Set(names).size).toBe(names.length)
  expect(new Set(paths).size).toBe(paths.length)
})

function lockedVersion(release: string, path: string): string | undefined {
  const [, name] = /^((?:@[^/]+\/)?[^/]+)/.exec(path)!
  const lockfile = JSON.parse(readFileSync(`${release}/package-lock.json`, 'utf8')) as {
    packages: Record<string, { version: string } | undefined>
  }
  return lockfile.packages[`node_modules/${name}`]?.version
}
