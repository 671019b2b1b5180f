import { setRouteSource } from '../capture/route.ts'
import { Guard } from '../guard.ts'
import { FastifyRoute, type Request } from './fastify-route.ts'
import type { Framework } from './framework.ts'
import { observeOperations } from './mercurius.ts'

interface Instance {
  readonly prefix: string
  addHook(
    name: 'onRequest',
    hook: (this: Instance, request: Request, reply: unknown, done: () => void) => void,
  ): void
}

const guard = new Guard('fastify routes')

/** Every Fastify instance, by its own channel, before the application can add a hook; and Mercurius inside it. */
export const fastify: Framework = {
  patch(exports, path) {
    if (path.startsWith('mercurius/')) observeOperations(exports)
    else observeRoutes((exports as { fastify: Instance }).fastify)
  },
}

/**
 * The first hook after routing, inherited by all plugins and by "not found" handlers. The route is read here and not
 * when the response ends: `reply.callNotFound()` replaces it.
 */
function observeRoutes(instance: Instance): void {
  instance.addHook('onRequest', function (request, _reply, done) {
    if (guard.active) {
      try {
        setRouteSource(request.raw, new FastifyRoute(instance, request, templateOf(request, this.prefix)))
      } catch (fault) {
        guard.fault(fault)
      }
    }
    done()
  })
}

/** Undefined in "not found" handlers. */
function templateOf(request: Request, prefix: string): string | undefined {
  // Not both: from 4.10 on the context's getter warns of its deprecation.
  const url = (request.routeOptions ?? request.context?.config)?.url
  // A plugin's `/` answers with and without the slash; Fastify 4 and older make it two routes.
  const isRoot = prefix !== '' && url?.length === prefix.length + 1 && url.endsWith('/')
  return isRoot ? prefix : url
}
