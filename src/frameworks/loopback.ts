import type { IncomingMessage } from 'node:http'
import { exchangeOf } from '../capture/exchange.ts'
import { setRouteSource, type RouteSource } from '../capture/route.ts'
import { Guard } from '../guard.ts'
import { wrapMethod } from '../wrap.ts'
import { joinPath } from './express-path.ts'
import type { Framework } from './framework.ts'

/** A path of the OpenAPI description, or the way out to the routers of Express and the files inside. */
type Route = { readonly path: string } | { readonly path: string; readonly _externalRouter: unknown }

const guard = new Guard('loopback routes')
const patched = new WeakSet<object>()

/**
 * LoopBack is a handler in an application of Express, which tells the base path. What answers is known in one place,
 * whichever sequence of actions or middleware leads there.
 */
export const loopback: Framework = {
  patch(exports) {
    const { prototype } = (exports as { HttpHandler: { prototype: object } }).HttpHandler
    if (patched.has(prototype)) return
    patched.add(prototype)
    wrapHandleRequest(prototype)
    wrapFindRoute(prototype)
  },
}

function wrapHandleRequest(prototype: object): void {
  wrapMethod(
    prototype,
    '_handleRequest',
    (handleRequest) =>
      function (this: unknown, request?: unknown): unknown {
        if (guard.active) {
          try {
            const mount = exchangeOf(request as IncomingMessage)?.route?.mount?.()
            setRouteSource(request as IncomingMessage, new LoopBackRoute(mount ?? ''))
          } catch (fault) {
            guard.fault(fault)
          }
        }
        return Reflect.apply(handleRequest, this as never, arguments as never)
      },
  )
}

function wrapFindRoute(prototype: object): void {
  wrapMethod(
    prototype,
    'findRoute',
    (findRoute) =>
      function (this: unknown, request?: unknown): unknown {
        const route = Reflect.apply(findRoute, this as never, arguments as never) as Route
        if (guard.active) {
          try {
            const source = sourceOf(request as IncomingMessage)
            if (source !== undefined) source.path = '_externalRouter' in route ? undefined : route.path
          } catch (fault) {
            guard.fault(fault)
          }
        }
        return route
      },
  )
}

/** The innermost: a server of LoopBack may be mounted in another one. */
function sourceOf(request: IncomingMessage): LoopBackRoute | undefined {
  let source = exchangeOf(request)?.route
  while (source !== undefined && !(source instanceof LoopBackRoute)) source = source.outer
  return source
}

class LoopBackRoute implements RouteSource {
  readonly framework = 'loopback'
  outer: RouteSource | undefined = undefined
  path: string | undefined = undefined
  /** Read before middleware runs, which may have mounts of its own. */
  readonly #mount: string

  constructor(mount: string) {
    this.#mount = mount
  }

  /** What is inside, if anything, is mounted by Express. */
  mount(): string | undefined {
    return this.outer?.mount?.()
  }

  template(): string | undefined {
    const { path } = this
    // Also of what is written without a slash LoopBack makes a path.
    return path === undefined ? undefined : joinPath(this.#mount, path.startsWith('/') ? path : `/${path}`)
  }
}
