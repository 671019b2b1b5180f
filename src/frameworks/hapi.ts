import type { IncomingMessage } from 'node:http'
import { setRouteSource, type RouteSource } from '../capture/route.ts'
import { Guard } from '../guard.ts'
import { wrapMethod } from '../wrap.ts'
import type { Framework } from './framework.ts'

interface Request {
  readonly route: { readonly method: string; readonly path: string }
}

/** Of the route that stands for "none": not found, a bad path, a preflight. Requests have it until they are routed. */
const SPECIAL = '_special'

const guard = new Guard('hapi routes')
const patched = new WeakSet<object>()

/** The class of hapi's requests; each is made by its static `generate(server, req, res)`. */
export const hapi: Framework = {
  patch(exports) {
    if (patched.has(exports as object)) return
    patched.add(exports as object)
    wrapMethod(
      exports as object,
      'generate',
      (generate: (...args: unknown[]) => unknown) =>
        function (this: unknown, _server: unknown, request: unknown): unknown {
          const generated = Reflect.apply(generate, this, arguments)
          if (guard.active) {
            try {
              setRouteSource(request as IncomingMessage, new HapiRoute(generated as Request))
            } catch (fault) {
              guard.fault(fault)
            }
          }
          return generated
        },
    )
  },
}

/** hapi keeps a request's route to the end, so it is read there. */
class HapiRoute implements RouteSource {
  readonly framework = 'hapi'
  outer: RouteSource | undefined = undefined
  readonly #request: Request

  constructor(request: Request) {
    this.#request = request
  }

  template(): string | undefined {
    const { method, path } = this.#request.route
    return method === SPECIAL ? undefined : path
  }
}
