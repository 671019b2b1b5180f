import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Hook } from 'require-in-the-middle'
import type { ObservedModule, Registration } from '../frameworks/framework.ts'
import { Guard } from '../guard.ts'
import { debug } from '../log.ts'
import { satisfies } from './versions.ts'

interface Observed {
  readonly registration: Registration
  readonly module: ObservedModule
}

const guard = new Guard('framework patching')

/**
 * The only place that knows how modules are intercepted: require-in-the-middle, one Hook for all
 * (each further Hook wraps `require` once more), inner files of packages included. Those are also seen
 * in an ES module application, because what a CommonJS package requires goes through `require` there too;
 * only the file that the application imports directly does not. So the registry observes inner files.
 */
export function interceptModules(registrations: readonly Registration[]): void {
  const observed = new Map<string, Observed>()
  for (const registration of registrations) {
    for (const module of registration.modules) observed.set(module.path, { registration, module })
  }
  if (observed.size === 0) return
  const packages = [...new Set([...observed.keys()].map(packageOf))]
  // eslint-disable-next-line no-new -- The instance has no further use; it is never unhooked.
  new Hook(packages, { internals: true }, (exports, name, directory) => {
    if (!guard.active) return exports
    try {
      const found = observed.get(name.replaceAll('\\', '/'))
      if (found !== undefined) patch(found, exports, directory)
    } catch (fault) {
      guard.fault(fault)
    }
    return exports
  })
}

function patch({ registration, module }: Observed, exports: unknown, directory: string | undefined): void {
  const version = versionIn(directory)
  if (version === undefined || !satisfies(version, module.versions)) {
    debug(
      () =>
        `${registration.name}: ${packageOf(module.path)} ${version ?? 'of unknown version'} is outside the tested range ${module.versions}; its requests are captured by path`,
    )
    return
  }
  registration.load().patch(exports, module.path)
}

function versionIn(directory: string | undefined): string | undefined {
  if (directory === undefined) return undefined
  const { version } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as {
    version?: unknown
  }
  return typeof version === 'string' ? version : undefined
}

/** `@scope/name/lib/file.js` → `@scope/name`. */
function packageOf(path: string): string {
  return path.split('/', path.startsWith('@') ? 2 : 1).join('/')
}
