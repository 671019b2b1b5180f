import type { Exchange } from '../capture/exchange.ts'
import { pathnameOf } from '../capture/paths.ts'
import { KnownRoute, type RouteSource } from '../capture/route.ts'
import { Guard } from '../guard.ts'
import { joinPath } from './express-path.ts'
import type { Framework } from './framework.ts'

interface Server {
  listeners(event: string): unknown[]
}

/** What is read of an application, which is a listener for requests. */
interface Application {
  readonly handle: unknown
  /** Where it is mounted itself. With Express and its router this is a method. */
  readonly route: unknown
  readonly stack: ReadonlyArray<{ readonly route: string }>
}

interface Request {
  /** Set by Connect, and by others. */
  readonly originalUrl?: string
  readonly socket?: { readonly server?: Server } | null
}

const guard = new Guard('connect mounts')

/**
 * Connect has middleware and no routes, and nothing of it can be patched: its applications get copies of its methods.
 * What is told is the name, and the mount of a framework inside of it, which does not know that it is mounted.
 */
export const connect: Framework = {
  recognize(exchange) {
    if (!guard.active) return
    try {
      const { originalUrl, socket } = exchange.request as Request
      const application = originalUrl === undefined ? undefined : applicationOf(socket?.server)
      if (application !== undefined) tell(exchange, originalUrl!, application)
    } catch (fault) {
      guard.fault(fault)
    }
  },
}

function tell(exchange: Exchange, original: string, application: Application): void {
  if (exchange.route === undefined) {
    exchange.route = new KnownRoute('connect', undefined)
    return
  }
  let source: RouteSource | undefined = exchange.route
  while (source !== undefined && source.template() === undefined) source = source.outer
  const template = source?.template()
  if (source === undefined || template === undefined) return
  const mount = mountOf(original, source.url, application)
  if (mount === '') return
  // In the place of what is there: a route that lacks its mount is none.
  exchange.route = new KnownRoute(
    source.framework,
    mount === undefined ? undefined : joinPath(mount, template),
  )
}

/** Undefined in applications inside of applications: only paths that somebody wrote may be told. */
function mountOf(original: string, cut: string | undefined, { stack }: Application): string | undefined {
  // Where nothing is left of a path, it is a slash.
  const whole = withoutSlash(pathnameOf(original))
  const rest = withoutSlash(pathnameOf(cut ?? original))
  const taken = whole.endsWith(rest) ? whole.slice(0, whole.length - rest.length) : undefined
  return taken === '' ? '' : stack.find(({ route }) => route.toLowerCase() === taken?.toLowerCase())?.route
}

function withoutSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path
}

const applications = new WeakMap<object, Application | null>()

function applicationOf(server: Server | undefined): Application | undefined {
  if (server === undefined) return undefined
  let found = applications.get(server)
  if (found === undefined) {
    found = (server.listeners('request').find(isApplication) as Application | undefined) ?? null
    applications.set(server, found)
  }
  return found ?? undefined
}

function isApplication(listener: unknown): boolean {
  const { stack, handle, route } = listener as Partial<Application>
  return Array.isArray(stack) && typeof handle === 'function' && typeof route === 'string'
}
