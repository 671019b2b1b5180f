import { readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const FOLDER = '/node_modules/'

/** A place on disk where an observed file stands. */
export interface Place {
  /** As in the registry: `express/lib/router/index.js`. */
  readonly path: string
  /** The package's own directory. */
  readonly directory: string
}

/** Finds the observed files of packages on disk, under whatever name a package is installed. */
export class ObservedFiles {
  readonly #paths: ReadonlySet<string>
  /** What is behind the package's name, for packages that go by another one. */
  readonly #inner: ReadonlySet<string>

  constructor(paths: Iterable<string>) {
    this.#paths = new Set(paths)
    const inner = [...this.#paths].map((path) => path.slice(packageOf(path).length + 1))
    // Nearly every package has one of these, and each would have its manifest read.
    this.#inner = new Set(inner.filter((file) => file !== 'index.js'))
  }

  /** @param file Absolute path. */
  find(file: string): Place | undefined {
    const location = sep === '/' ? file : file.replaceAll(sep, '/')
    const start = location.lastIndexOf(FOLDER) + FOLDER.length
    if (start < FOLDER.length) return undefined
    const path = location.slice(start)
    const name = packageOf(path)
    const directory = location.slice(0, start + name.length)
    if (this.#paths.has(path)) return { path, directory }
    return this.#findAlias(path.slice(name.length + 1), directory)
  }

  /** By URL, in whatever query the application or other hooks put behind it. Never throws. */
  findUrl(url: string): Place | undefined {
    if (!url.startsWith('file:') || !url.includes(FOLDER)) return undefined
    try {
      return this.find(fileURLToPath(url))
    } catch {
      return undefined
    }
  }

  /** Installed as `"express4": "npm:express@4"`: only its manifest says what it is. */
  #findAlias(inner: string, directory: string): Place | undefined {
    if (!this.#inner.has(inner)) return undefined
    let path: string
    try {
      path = `${String(manifestOf(directory)['name'])}/${inner}`
    } catch {
      // A folder without a manifest.
      return undefined
    }
    return this.#paths.has(path) ? { path, directory } : undefined
  }
}

/** `@scope/name/lib/file.js` → `@scope/name`. */
export function packageOf(path: string): string {
  return path.split('/', path.startsWith('@') ? 2 : 1).join('/')
}

export function manifestOf(directory: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Record<string, unknown>
}
