import { boolean, list } from './config/values.ts'
import { registry } from './frameworks/index.ts'
import { adoptApplications } from './loader/applications.ts'
import { listenToChannels } from './loader/channels.ts'
import { loadFramework, surroundFrameworks } from './loader/framework-files.ts'
import { interceptModules } from './loader/intercept.ts'
import { setDebug, warnOnce } from './log.ts'
import type { Runtime } from './runtime.ts'
import { watchServers, watchStreams } from './servers.ts'
import { inertSurface, surfaceOf, type Surface } from './surface.ts'
import { isLoaderThread, isWorkerThread } from './threads.ts'

/** One copy for each thread; registered, so that other versions of this package find it too. */
const KEY = Symbol.for('peekapi.auto')

/**
 * Starts this package in this thread, once. Loads little: hooks for the known frameworks, and two listeners
 * that notice a server. Everything else waits for that server. Never throws.
 */
export function activate(): Surface {
  const global = globalThis as { [KEY]?: Surface }
  const first = global[KEY]
  if (first !== undefined) return first
  const surface = start()
  // Not an environment variable: children would inherit it and stay without us. Not enumerable: tests and
  // REPLs list globals.
  Object.defineProperty(globalThis, KEY, { value: surface })
  return surface
}

function start(): Surface {
  try {
    if (isLoaderThread() || !flag('PEEKAPI_ENABLED', true)) return inertSurface
    if ((process.env['PEEKAPI_API_KEY'] ?? '').trim() === '') {
      if (!isWorkerThread()) {
        warnOnce(
          'no key',
          'PEEKAPI_API_KEY is not set: nothing is captured. Set it, or PEEKAPI_ENABLED=false to silence this line',
        )
      }
      return inertSurface
    }
    let runtime: Runtime | undefined
    const frameworks = enabledFrameworks()
    const running = (): Runtime => (runtime ??= loadRuntime(frameworks))
    // Frameworks load before the server that makes us read the rest of the configuration.
    const debug = flag('PEEKAPI_DEBUG', false)
    setDebug(debug)
    surroundFrameworks({ debug, underWay: () => runtime?.currentExchange() })
    interceptModules(frameworks)
    listenToChannels(frameworks)
    watchServers((server) => {
      running().capture(server)
      adoptApplications(frameworks, server)
    })
    watchStreams(() => running().captureStreams())
    loadUserModule()
    return surfaceOf(running, () => runtime)
  } catch (fault) {
    warnOnce('start', `could not start and stays inert: ${String(fault)}`)
    return inertSurface
  }
}

/** After the hooks are set: what it imports, the application may use too. */
function loadUserModule(): void {
  const file = (process.env['PEEKAPI_CONFIG'] ?? '').trim()
  if (file === '') return
  const { loadConfigModule } = require('./deferred.cjs') as typeof import('./deferred.ts')
  loadConfigModule(file)
}

function loadRuntime(frameworks: typeof registry): Runtime {
  const { recognizersOf, startRuntime } = require('./deferred.cjs') as typeof import('./deferred.ts')
  const names = frameworks.map(({ name }) => name)
  return startRuntime(process.env, recognizersOf(names))
}

function flag(name: string, fallback: boolean): boolean {
  const value = process.env[name]
  if (value === undefined || value.trim() === '') return fallback
  try {
    return boolean(value)
  } catch {
    // The complaint about the value comes with the others, when configuration is read.
    return fallback
  }
}

function enabledFrameworks(): typeof registry {
  const disabled = new Set(list((process.env['PEEKAPI_DISABLED_FRAMEWORKS'] ?? '').toLowerCase()))
  return registry
    .filter(({ name }) => !disabled.has(name))
    .map((registration) => ({ ...registration, load: () => loadFramework(registration.name) }))
}

export { PeekApiClient } from './surface.ts'
