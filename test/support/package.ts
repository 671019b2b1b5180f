import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './app.ts'

/** Runs npm as the shell would find it: the npm that runs the tests, or the one on PATH. */
export function npm(args: readonly string[], cwd: string): string {
  const cli = process.env['npm_execpath']
  return cli === undefined
    ? execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
    : execFileSync(process.execPath, [cli, ...args], {
        cwd,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      })
}

export interface PackedFile {
  readonly filename: string
  readonly size: number
  readonly unpackedSize: number
  readonly files: ReadonlyArray<{ readonly path: string }>
}

/** An empty project with the packed tarball installed, as a stranger would have it. */
export interface InstalledProject {
  readonly directory: string
  readonly packed: PackedFile
  /** Names of all packages that the install brought. */
  readonly packages: readonly string[]
  remove(): void
}

export function installPacked(): InstalledProject {
  const directory = mkdtempSync(join(tmpdir(), 'peekapi-package-'))
  const [packed] = JSON.parse(
    npm(['pack', '--json', '--ignore-scripts', '--pack-destination', directory], root),
  ) as [PackedFile]
  writeFileSync(join(directory, 'package.json'), '{ "name": "a-service", "private": true }')
  npm(['install', '--no-audit', '--no-fund', join(directory, packed.filename)], directory)
  const lock = readFileSync(join(directory, 'package-lock.json'), 'utf8')
  const packages = Object.keys((JSON.parse(lock) as { packages: object }).packages).filter(
    (path) => path !== '',
  )
  return { directory, packed, packages, remove: () => rmSync(directory, { recursive: true, force: true }) }
}
