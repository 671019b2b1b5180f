import type { RouteSource } from '../capture/route.ts'
import { Guard } from '../guard.ts'
import type { Framework } from './framework.ts'
import { HostRoute, nameHost } from './host-route.ts'

/** What is read of an application of Sails, which is on every request that it takes. */
interface Sails {
  readonly config?: { readonly routes?: Readonly<Record<string, unknown>> }
}

const guard = new Guard('sails routes')

/** Sails binds its routes to a router of Express, which tells them; but its hooks are bound there as well. */
export const sails: Framework = {
  recognize(exchange) {
    if (!guard.active) return
    try {
      const { _sails } = exchange.request as { readonly _sails?: Sails }
      if (_sails !== undefined) nameHost(exchange, (host) => sailsOn(host, _sails))
    } catch (fault) {
      guard.fault(fault)
    }
  },
}

function sailsOn(host: RouteSource, { config }: Sails): HostRoute | undefined {
  if (host.framework !== 'express') return undefined
  return new HostRoute('sails', host, host.template() !== '/*' || hasCatchAll(config?.routes))
}

const catchAlls = new WeakMap<object, boolean>()

/** Whether the application has a route for everything itself: `*`, `/*`, `GET /*`. */
function hasCatchAll(routes: Readonly<Record<string, unknown>> | undefined): boolean {
  if (routes === undefined) return false
  let found = catchAlls.get(routes)
  if (found === undefined) {
    found = Object.keys(routes).some((address) => /^(?:\w+\s+)?\/?\*$/.test(address))
    catchAlls.set(routes, found)
  }
  return found
}
