import type { ObservedModule, Registration } from '../frameworks/framework.ts'
import { Guard } from '../guard.ts'
import { wrapMethod, type Method } from '../wrap.ts'
import { observeEsModules } from './es-modules.ts'
import { frameworkFiles } from './framework-files.ts'
import { moduleClass } from './module-class.ts'
import { manifestOf, ObservedFiles, packageOf } from './observed-files.ts'
import { isTested } from './versions.ts'

interface Observed {
  readonly registration: Registration
  readonly module: ObservedModule
}

const guard = new Guard('framework patching')

/** The only place that knows how modules are intercepted: each kind in the way that sees it in every application. */
export function interceptModules(registrations: readonly Registration[]): void {
  const observed = new Map<string, Observed>()
  for (const registration of registrations) {
    for (const module of registration.modules) observed.set(module.path, { registration, module })
  }
  if (observed.size === 0) return
  const files = new ObservedFiles(observed.keys())
  const loaded = (file: string, exports: unknown): void => offer(observed, files, file, exports)
  if (process.versions['bun'] === undefined) observeCompiled(loaded)
  else observeRequired(observed)
  const esModules = [...observed.values()].flatMap(({ module: { format, path } }) =>
    format === 'module' ? [path] : [],
  )
  if (esModules.length > 0) observeEsModules(esModules, loaded)
}

/**
 * Every CommonJS file is compiled here, whether it was required or imported, and whoever else has hooks. An ES module that
 * is required comes by as well, with its namespace.
 *
 * Not by require-in-the-middle: a file that an ES module imports is compiled without `require`, which is all that it
 * sees. And as the caller of `require` it stands between Node and the package that calls: a package that asks for
 * `punycode` makes Node warn (DEP0040) where it does not without us. It also costs a microsecond in each `require`.
 */
function observeCompiled(loaded: (file: string, exports: unknown) => void): void {
  wrapMethod<Method>(
    moduleClass().prototype,
    '_compile',
    (compile) =>
      // Its name shows in stack traces.
      function _compile(this: unknown, _source?: unknown, file?: unknown): unknown {
        const result = Reflect.apply(compile, this as never, arguments as never) as unknown
        loaded(file as string, (this as { exports: unknown }).exports)
        return result
      },
  )
}

/** Bun compiles without calling `_compile`, but it does call `require`, also for what an ES module imports. */
function observeRequired(observed: ReadonlyMap<string, Observed>): void {
  const Hook = frameworkFiles().requireHook()
  const packages = [...new Set([...observed.keys()].map(packageOf))]
  // eslint-disable-next-line no-new -- The instance has no further use; it is never unhooked.
  new Hook(packages, { internals: true }, (exports, name, directory) => {
    if (!guard.active || directory === undefined) return exports
    try {
      const path = name.replaceAll('\\', '/')
      // The main file comes by under the name of its package.
      const found = observed.get(path) ?? observed.get(`${path}/index.js`)
      if (found !== undefined) patch(found, exports, directory)
    } catch (fault) {
      guard.fault(fault)
    }
    return exports
  })
}

const seen = new WeakSet<object>()

/** Patches what a file exports, if it is one of those observed; a file may come by more than one way. */
function offer(
  observed: ReadonlyMap<string, Observed>,
  files: ObservedFiles,
  file: string,
  exports: unknown,
): void {
  if (!guard.active) return
  try {
    const place = files.find(file)
    if (place === undefined || seen.has(exports as object)) return
    seen.add(exports as object)
    patch(observed.get(place.path)!, exports, place.directory)
  } catch (fault) {
    guard.fault(fault)
  }
}

function patch({ registration, module }: Observed, exports: unknown, directory: string): void {
  const { version } = manifestOf(directory)
  if (!isTested(registration.name, packageOf(module.path), version, module.versions)) return
  registration.load().patch?.(exports, module.path)
}
