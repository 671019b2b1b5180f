import type { Exchange } from '../capture/exchange.ts'
import { addRouteSource, KnownRoute } from '../capture/route.ts'
import { Guard } from '../guard.ts'
import { joinPath } from './express-path.ts'
import type { Framework } from './framework.ts'
import type { KoaDispatch } from './koa-dispatch.ts'

/** What is read of an application, which is one of Express or Koa as well. */
interface Application {
  /** The services by their paths; those stand there without slashes around them. */
  readonly services?: Readonly<Record<string, object>>
  readonly lookup?: unknown
}

/** A request of Express, or a context of Koa. */
interface Carrier {
  readonly app?: Application
  /** The service that takes the request. */
  readonly lookup?: { readonly service: object; readonly params?: { readonly __id?: string } }
}

const guard = new Guard('feathers routes')

/** Services are no routes of their host: what was looked up stays on the request, and the application knows its path. */
export const feathers: Framework = {
  recognize(exchange) {
    if (!guard.active) return
    try {
      const carrier = carrierOf(exchange)
      if (typeof carrier.app?.lookup === 'function' && carrier.app.services !== undefined)
        addRouteSource(exchange, new KnownRoute('feathers', templateOf(carrier, exchange)))
    } catch (fault) {
      guard.fault(fault)
    }
  },
}

function carrierOf(exchange: Exchange): Carrier {
  for (let source = exchange.route; source !== undefined; source = source.outer) {
    // Not by its class, of which this file has no copy: what patches Koa is built into another.
    if (source.framework === 'koa') return (source as KoaDispatch).context as Carrier
  }
  return exchange.request as Carrier
}

function templateOf({ app, lookup }: Carrier, exchange: Exchange): string | undefined {
  const path = lookup === undefined ? undefined : pathOf(lookup.service, app!.services!)
  if (path === undefined) return undefined
  const collection = joinPath(exchange.route?.mount?.() ?? '', `/${path}`)
  return lookup?.params?.__id === undefined ? collection : joinPath(collection, '/:id')
}

const paths = new WeakMap<object, string>()

function pathOf(service: object, services: Readonly<Record<string, object>>): string | undefined {
  let path = paths.get(service)
  if (path === undefined) {
    path = Object.keys(services).find((key) => services[key] === service)
    if (path !== undefined) paths.set(service, path)
  }
  return path
}
