import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { builtin } from '../builtin.ts'
import { warnOnce } from '../log.ts'
import type { ConfigModule } from '../types/index.ts'
import { nearest } from './nearest.ts'

const FUNCTIONS = ['identifyConsumer', 'onError', 'enrich', 'redactPath'] as const

/** In place of those faults an `import()` can succeed. */
const NEEDS_IMPORT = new Set(['ERR_REQUIRE_ESM', 'ERR_REQUIRE_ASYNC_MODULE'])

let loaded: ConfigModule = {}

/** The functions of the configuration module; none before it is loaded, or without one. */
export function configModule(): ConfigModule {
  return loaded
}

/**
 * Loads the module that PEEKAPI_CONFIG names, before the application. `require` takes CommonJS, and ES modules from
 * Node 20.19 and 22.13 on. What it cannot take (ES modules on an older Node, a top-level await) goes through `import()`:
 * a preload must not wait for that, so requests that end before such a module is ready are reported without it.
 */
export function loadConfigModule(given: string): void {
  try {
    const file = given.startsWith('file:') ? fileURLToPath(given) : resolve(given)
    const complain = (fault: unknown): void => complainAbout(given, fault)
    try {
      adopt(requireFile(file), given)
    } catch (fault) {
      if (!NEEDS_IMPORT.has(String((fault as { code?: unknown } | null)?.code))) return complain(fault)
      // eslint-disable-next-line promise/prefer-await-to-then -- Nothing here may be awaited.
      import(pathToFileURL(file).href).then((exports) => adopt(exports, given)).catch(complain)
    }
  } catch (fault) {
    complainAbout(given, fault)
  }
}

function requireFile(file: string): unknown {
  const isModule = file.endsWith('.mjs')
  // 22.12 can, but says on stderr that it is experimental.
  if (isModule && process.version.startsWith('v22.12.')) throw codedError('ERR_REQUIRE_ESM')
  const { createRequire } = builtin<typeof import('node:module')>('node:module')
  return createRequire(file)(file)
}

function codedError(code: string): Error {
  return Object.assign(new Error(code), { code })
}

function adopt(exports: unknown, given: string): void {
  const found = defaultExport(exports)
  if (typeof found !== 'object' || found === null) {
    warnOnce('config', `PEEKAPI_CONFIG ${given}: the default export is no object; going on without it`)
    return
  }
  const usable: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(found)) {
    if (!FUNCTIONS.includes(name as keyof ConfigModule)) {
      const meant = nearest(name, FUNCTIONS)
      warnOnce(`config:${name}`, `PEEKAPI_CONFIG ${given}: ${name} is not known; did you mean ${meant}?`)
    } else if (typeof value === 'function') {
      usable[name] = value.bind(found)
    } else {
      warnOnce(`config:${name}`, `PEEKAPI_CONFIG ${given}: ${name} is no function and is left out`)
    }
  }
  loaded = usable
}

/** Of an ES module, of one that a compiler made CommonJS, or `module.exports` itself. */
function defaultExport(exports: unknown): unknown {
  const wrapped = exports as { default?: unknown; __esModule?: unknown } | null | undefined
  const isNamespace = Object.prototype.toString.call(exports) === '[object Module]'
  return isNamespace || wrapped?.__esModule === true ? wrapped?.default : exports
}

function complainAbout(given: string, fault: unknown): void {
  warnOnce('config', `PEEKAPI_CONFIG ${given} could not be loaded; going on without it: ${describe(fault)}`)
}

function describe(fault: unknown): string {
  try {
    const text = fault instanceof Error ? `${fault.name}: ${fault.message}` : String(fault)
    return text.split('\n', 1)[0]!
  } catch {
    return 'a value that cannot be printed'
  }
}
