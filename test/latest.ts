/**
 * `npm run test:latest`: the contract on today's newest releases, which nobody has tried yet. Installs them in a fresh
 * directory, beside copies of the fixtures' applications. Needs a registry, and what it says changes from day to day:
 * so nothing else runs it.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { registry } from '../src/frameworks/index.ts'
import { root } from './support/app.ts'
import { NEWEST_OF_MAJOR } from './support/releases.ts'

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
}

const asked = process.argv.slice(2)
const names = registry.map(({ name }) => name).filter((name) => asked.length === 0 || asked.includes(name))
const fixtures = mkdtempSync(join(tmpdir(), 'peekapi-latest-'))
process.on('exit', () => rmSync(fixtures, { recursive: true, force: true }))

for (const { name } of registry) copySources(name)
let isInstalled = true
for (const release of names.flatMap(newestReleases)) {
  const before = dependenciesOf(release)
  isInstalled = install(release, before) && isInstalled
  await build(release)
  console.log(`${release}: ${changes(before, dependenciesOf(release))}`)
}
const tests = names.map((name) => `test/frameworks/${name}.test.ts`)
const reporters = ['--reporter=default', '--reporter=./test/support/exactness.ts']
const { status } = spawnSync('vitest', ['run', ...tests, '-t', String.raw`, app\.[cm]js`, ...reporters], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, FIXTURES: fixtures, RELEASES: 'all' },
})
process.exitCode = isInstalled ? (status ?? 1) : 1

/** All but what is pinned: applications of one framework use the routes of another. */
function copySources(name: string): void {
  const releases = releasesOf(name)
  const newest = newestReleases(name)
  cpSync(`${root}fixtures/${name}`, join(fixtures, name), {
    recursive: true,
    filter: (path) => {
      const entry = basename(path)
      if (entry === 'node_modules' || entry === 'package-lock.json') return false
      return !releases.includes(entry) || newest.includes(`${name}/${entry}`)
    },
  })
}

function releasesOf(name: string): string[] {
  return readdirSync(`${root}fixtures/${name}`).filter((entry) =>
    existsSync(`${root}fixtures/${name}/${entry}/package.json`),
  )
}

/** One for each host that a framework has a fixture for: `5-express`, `5-koa`. */
function newestReleases(name: string): string[] {
  const all = releasesOf(name)
  const inEveryRun = all.filter((release) => NEWEST_OF_MAJOR.test(release))
  const newestFirst = (inEveryRun.length > 0 ? inEveryRun : all).toSorted(
    (a, b) => Number.parseFloat(b) - Number.parseFloat(a),
  )
  const hostOf = (release: string) => release.split('-')[1]
  return newestFirst
    .filter((release, index) => newestFirst.findIndex((other) => hostOf(other) === hostOf(release)) === index)
    .map((release) => `${name}/${release}`)
}

function dependenciesOf(release: string): Manifest['dependencies'] {
  return (JSON.parse(readFileSync(join(fixtures, release, 'package.json'), 'utf8')) as Manifest).dependencies
}

/** Packages that do not fit each other's newest release stay as they are pinned, and so does everything beside them. */
function install(release: string, pinned: Manifest['dependencies']): boolean {
  const newest = Object.entries(pinned).map(([name, version]) => `${name}@${tagOf(version)}`)
  if (npm(release, ['install', '--save-exact', ...newest])) return true
  console.log(`${release}: the newest releases do not fit each other, so one by one`)
  if (!npm(release, ['install'])) return false
  for (const one of newest) npm(release, ['install', '--save-exact', '--strict-peer-deps', one])
  return true
}

/** Some applications have to be built by the release that runs them. */
async function build(release: string): Promise<void> {
  const builder = join(fixtures, release, '../build.mjs')
  if (!existsSync(builder)) return
  const { default: buildWith } = (await import(pathToFileURL(builder).href)) as {
    default: (directory: string) => Promise<void>
  }
  await buildWith(join(fixtures, release))
}

/** Where a fixture pins what is still to be released, its newest is meant. */
function tagOf(version: string): string {
  return /-([a-z]+)/.exec(version)?.[1] ?? 'latest'
}

function npm(release: string, args: readonly string[]): boolean {
  const cwd = join(fixtures, release)
  const before = readFileSync(join(cwd, 'package.json'))
  const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']
  const { status, stderr } = spawnSync('npm', [...args, ...quiet], { cwd, encoding: 'utf8' })
  if (status === 0) return true
  writeFileSync(join(cwd, 'package.json'), before)
  if (process.env['PEEKAPI_DEBUG'] !== undefined) console.error(stderr)
  return false
}

function changes(before: Manifest['dependencies'], after: Manifest['dependencies']): string {
  const changed = Object.keys(before).filter((name) => before[name] !== after[name])
  if (changed.length === 0) return 'as pinned'
  return changed.map((name) => `${name} ${before[name]} → ${after[name]}`).join(', ')
}
