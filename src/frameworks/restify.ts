import type { IncomingMessage } from 'node:http'
import { setRouteSource, type RouteSource } from '../capture/route.ts'
import { Guard } from '../guard.ts'
import { wrapMethod } from '../wrap.ts'
import type { Framework } from './framework.ts'

interface Request extends IncomingMessage {
  /** Set by the router before `server.use` handlers run, and never cleared. */
  readonly route?: { readonly path: string }
}

const guard = new Guard('restify routes')
const patched = new WeakSet<object>()

/** Restify keeps the whole template on the request; its server is patched only to see which requests are its own. */
export const restify: Framework = {
  patch(exports) {
    const { prototype } = exports as { prototype: object }
    if (patched.has(prototype)) return
    patched.add(prototype)
    wrapMethod(
      prototype,
      '_onRequest',
      (onRequest) =>
        function (this: unknown, request?: unknown): unknown {
          if (guard.active) {
            try {
              setRouteSource(request as Request, new RestifyRoute(request as Request))
            } catch (fault) {
              guard.fault(fault)
            }
          }
          return Reflect.apply(onRequest, this, arguments)
        },
    )
  },
}

class RestifyRoute implements RouteSource {
  readonly framework = 'restify'
  outer: RouteSource | undefined = undefined
  readonly #request: Request

  constructor(request: Request) {
    this.#request = request
  }

  template(): string | undefined {
    return this.#request.route?.path
  }
}
