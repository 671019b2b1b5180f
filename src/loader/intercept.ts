import { readFileSync } from 'node:fs'
import module from 'node:module'
import { join, sep } from 'node:path'
import { Hook } from 'require-in-the-middle'
import type { ObservedModule, Registration } from '../frameworks/framework.ts'
import { Guard } from '../guard.ts'
import { wrapMethod, type Method } from '../wrap.ts'
import { packagedPath, packageOf } from './append.ts'
import { observeEsModules } from './es-modules.ts'
import { isTested } from './versions.ts'

interface Observed {
  readonly registration: Registration
  readonly module: ObservedModule
}

const guard = new Guard('framework patching')

/** The only place that knows how modules are intercepted: each kind in the way that sees it in every application. */
export function interceptModules(registrations: readonly Registration[]): void {
  const required = new Map<string, Observed>()
  const imported = new Map<string, Observed>()
  for (const registration of registrations) {
    for (const module of registration.modules) {
      const observed = module.format === undefined ? required : imported
      observed.set(module.path, { registration, module })
    }
  }
  if (required.size > 0) observeRequired(required)
  if (imported.size > 0) observeCompiled(imported)
  const esModules = [...imported.values()].flatMap(({ module: { format, path } }) =>
    format === 'module' ? [path] : [],
  )
  if (esModules.length > 0) observeEsModules(esModules, (file, namespace) => offer(imported, file, namespace))
}

/**
 * What packages require: require-in-the-middle, one Hook for all (each further Hook wraps `require` once more),
 * inner files of packages included. In an ES module application it sees these as well, because what a CommonJS
 * package requires goes through `require` there too.
 */
function observeRequired(observed: ReadonlyMap<string, Observed>): void {
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

/**
 * CommonJS that an ES module imports: Node compiles it without calling `require`, so require-in-the-middle never
 * sees it. An ES module that is required comes by here as well, with its namespace.
 */
function observeCompiled(observed: ReadonlyMap<string, Observed>): void {
  wrapMethod<Method>(
    (module as unknown as { prototype: object }).prototype,
    '_compile',
    (compile) =>
      // Its name shows in stack traces.
      function _compile(this: unknown, _source?: unknown, file?: unknown): unknown {
        const result = Reflect.apply(compile, this as never, arguments as never) as unknown
        offer(observed, file as string, (this as { exports: unknown }).exports)
        return result
      },
  )
}

const seen = new WeakSet<object>()

/** Patches what a file exports, if it is one of those observed; a file may come by more than one way. */
function offer(observed: ReadonlyMap<string, Observed>, file: string, exports: unknown): void {
  if (!guard.active) return
  try {
    const location = sep === '/' ? file : file.replaceAll(sep, '/')
    const path = packagedPath(location)
    const found = path === undefined ? undefined : observed.get(path)
    if (path === undefined || found === undefined || seen.has(exports as object)) return
    seen.add(exports as object)
    patch(found, exports, location.slice(0, -path.length) + packageOf(path))
  } catch (fault) {
    guard.fault(fault)
  }
}

function patch({ registration, module }: Observed, exports: unknown, directory: string | undefined): void {
  const version = versionIn(directory)
  if (!isTested(registration.name, packageOf(module.path), version, module.versions)) return
  registration.load().patch?.(exports, module.path)
}

function versionIn(directory: string | undefined): string | undefined {
  if (directory === undefined) return undefined
  const { version } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as {
    version?: unknown
  }
  return typeof version === 'string' ? version : undefined
}
