import type { IncomingMessage } from 'node:http'
import { setRouteSource, type RouteSource } from '../capture/route.ts'
import { Guard } from '../guard.ts'
import { wrapMethod } from '../wrap.ts'
import type { Framework } from './framework.ts'

/** Made for each request before anything of the application sees it. */
interface HttpContext {
  readonly request: { readonly request: IncomingMessage }
  /** Set by the router, after the server's middleware ran; with the prefixes of all groups. */
  readonly route?: { readonly pattern: string }
}

const guard = new Guard('adonis routes')
const patched = new WeakSet<object>()

/**
 * Adonis 7 has a diagnostics channel for its requests, but 6 has none, and a subscriber there puts promises
 * of Node's around each request.
 */
export const adonis: Framework = {
  patch(exports) {
    const { prototype } = (exports as { Server: { prototype: object } }).Server
    if (patched.has(prototype)) return
    patched.add(prototype)
    wrapMethod(
      prototype,
      'createHttpContext',
      (createHttpContext) =>
        function (this: unknown): unknown {
          const context = Reflect.apply(createHttpContext, this as never, arguments as never) as HttpContext
          if (guard.active) {
            try {
              setRouteSource(context.request.request, new AdonisRoute(context))
            } catch (fault) {
              guard.fault(fault)
            }
          }
          return context
        },
    )
  },
}

class AdonisRoute implements RouteSource {
  readonly framework = 'adonis'
  outer: RouteSource | undefined = undefined
  readonly #context: HttpContext

  constructor(context: HttpContext) {
    this.#context = context
  }

  template(): string | undefined {
    return this.#context.route?.pattern
  }
}
