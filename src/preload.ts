import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { answerBy } from './capture/under-way.ts'
import { boolean, list } from './config/values.ts'
import { registry } from './frameworks/index.ts'
import { listenToChannels } from './loader/channels.ts'
import { interceptModules } from './loader/intercept.ts'
import { setDebug, warnOnce } from './log.ts'
import type { Runtime } from './runtime.ts'
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
    setDebug(flag('PEEKAPI_DEBUG', false))
    interceptModules(frameworks)
    answerBy(() => runtime?.currentExchange())
    listenToChannels(frameworks)
    watchServers((server) => running().capture(server))
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
  const { startRuntime } = require('./deferred.cjs') as typeof import('./deferred.ts')
  const recognizers = frameworks.flatMap(({ recognizes, load }) =>
    recognizes === true ? (load().recognize ?? []) : [],
  )
  return startRuntime(process.env, recognizers)
}

/** The first is a property of servers of HTTP/1 alone, the second of those of HTTP/2; asking loads nothing. */
function looksLikeHttp(server: object): boolean {
  return 'keepAliveTimeout' in server || 'updateSettings' in server
}

/**
 * A server shows itself when it starts to listen; one that never listens (it is handed connections by
 * `server.emit('connection')`) at its first request, just before it is emitted. Neither channel loads `node:http`.
 */
function watchServers(found: (server: object) => void): void {
  let latest: object | undefined
  const notice = (message: unknown): void => {
    try {
      const { server } = message as { server?: object }
      // Every request comes by here.
      if (server === latest) return
      latest = server
      if (typeof server === 'object' && looksLikeHttp(server)) found(server)
    } catch (fault) {
      warnOnce('watch', `could not capture a server: ${String(fault)}`)
    }
  }
  subscribe('tracing:net.server.listen:asyncStart', notice)
  subscribe('http.server.request.start', notice)
}

/**
 * The first stream of HTTP/2, on releases that tell of streams (22.22, 24.11 and later): its server may be one that
 * never listens. Said before the server emits it; before those releases such a server stays unseen.
 */
function watchStreams(found: () => void): void {
  const channel = 'http2.server.stream.created'
  const notice = (): void => {
    unsubscribe(channel, notice)
    try {
      found()
    } catch (fault) {
      warnOnce('watch', `could not capture HTTP/2: ${String(fault)}`)
    }
  }
  subscribe(channel, notice)
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
  return registry.filter(({ name }) => !disabled.has(name))
}

export { PeekApiClient } from './surface.ts'
