import type { LoadHookSync } from 'node:module'
import { join } from 'node:path'
import { builtin } from '../builtin.ts'
import { debug } from '../log.ts'
import { receiveReports, withReport } from './append.ts'
import { ObservedFiles, packageOf } from './observed-files.ts'
import { isAnyInstalled } from './presence.ts'

/**
 * First releases in which a synchronous `load` hook, even one that does nothing, leaves CommonJS packages that ES modules
 * import intact (nodejs/node#59929). No feature shows it.
 */
const SAFE_SYNC_HOOKS: ReadonlyArray<readonly [number, number, number]> = [
  [22, 22, 3],
  [24, 11, 1],
  [25, 1, 0],
  [26, 0, 0],
]

/**
 * Observes ES modules, in a process that has such a package.
 *
 * Not by import-in-the-middle, which cannot pass all that applications do: beside a second copy of it, as OpenTelemetry
 * brings one, it never fires (its issue 274); it does not see what is `require`d; with `--frozen-intrinsics` it ends the
 * process; and it analyses every module of the application, not only those of its `include` list. A line at the end of the
 * observed files needs none of that.
 */
export function observeEsModules(
  paths: readonly string[],
  evaluated: (file: string, namespace: unknown) => void,
): void {
  // Neither has hooks that keep to Node's ways: Deno's break `require` of JSON, Bun's `register` does nothing.
  if (process.versions['bun'] !== undefined || process.versions['deno'] !== undefined) return
  const sync = hasSafeSyncHooks(process.versions.node)
  if (!isAnyInstalled([...new Set(paths.map(packageOf))], sync)) return
  receiveReports((url, namespace) => {
    const { fileURLToPath } = require('node:url') as typeof import('node:url')
    evaluated(fileURLToPath(url), namespace)
  })
  try {
    if (sync) nodeModule().registerHooks({ load: loadHook(new ObservedFiles(paths)) })
    else registerThread(paths)
  } catch (fault) {
    // `--permission` without `--allow-worker` forbids the thread.
    debug(() => `ES modules are not observed: ${String(fault)}`)
  }
}

function loadHook(observed: ObservedFiles): LoadHookSync {
  return function load(url, context, next) {
    const result = next(url, context)
    if (result.format !== 'module' || result.source == null || observed.findUrl(url) === undefined)
      return result
    return { ...result, source: withReport(url, result.source) }
  }
}

/** 50 ms of start and a detour for every ES module, hence only below the releases above. Deprecated, loudly, from 26 on. */
function registerThread(paths: readonly string[]): void {
  const { pathToFileURL } = require('node:url') as typeof import('node:url')
  nodeModule().register(pathToFileURL(join(__dirname, 'loader.mjs')), { data: paths })
}

function nodeModule(): typeof import('node:module') {
  return builtin('node:module')
}

function hasSafeSyncHooks(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  if (major > 26) return true
  const first = SAFE_SYNC_HOOKS.find(([release]) => release === major)
  return first !== undefined && (minor > first[1] || (minor === first[1] && patch >= first[2]))
}
