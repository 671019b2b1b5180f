import type { IncomingMessage } from 'node:http'
import { setRoute } from '../capture/route.ts'
import { Guard } from '../guard.ts'
import { wrapMethod } from '../wrap.ts'
import type { Framework } from './framework.ts'

type Handler = (this: unknown, ...args: unknown[]) => unknown

/** `on(method, path, options?, handler, store?)`; its other methods call it, and it itself for optional parameters. */
type On = (this: unknown, ...args: unknown[]) => unknown

const guard = new Guard('find-my-way routes')
const patched = new WeakSet<object>()
const telling = new WeakSet<Handler>()

/** Routers of find-my-way that are used without a framework: handlers tell the path that they were registered for. */
export const findMyWay: Framework = {
  patch(exports) {
    const { prototype } = exports as { prototype: object }
    if (patched.has(prototype)) return
    patched.add(prototype)
    wrapMethod<On>(
      prototype,
      'on',
      (on) =>
        function (...args) {
          if (guard.active) {
            try {
              wrapHandler(args)
            } catch (fault) {
              guard.fault(fault)
            }
          }
          return Reflect.apply(on, this, args)
        },
    )
  },
}

/** In the arguments: the router has compiled lookups, which call the handler that was registered. */
function wrapHandler(args: unknown[]): void {
  const at = typeof args[2] === 'function' ? 2 : 3
  const [path, handler, store] = [args[1], args[at], args[at + 1]]
  if (typeof path !== 'string' || typeof handler !== 'function' || isOfFramework(store)) return
  if (telling.has(handler as Handler)) return
  const route = { handler: handler as Handler }
  wrapMethod<Handler>(
    route,
    'handler',
    (original) =>
      function (request) {
        if (guard.active) {
          try {
            setRoute(request as IncomingMessage, 'find-my-way', path)
          } catch (fault) {
            guard.fault(fault)
          }
        }
        return Reflect.apply(original, this, arguments)
      },
  )
  telling.add(route.handler)
  args[at] = route.handler
}

/** Fastify and Restify tell their routes themselves; and the "not found" handlers of the one would look like a route, `/*`. */
function isOfFramework(store: unknown): boolean {
  if (typeof store !== 'object' || store === null) return false
  if ('config' in store && 'onRequest' in store) return true
  return 'route' in store && typeof store.route === 'object' && 'chain' in (store.route ?? {})
}
