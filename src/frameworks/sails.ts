import type { Exchange } from '../capture/exchange.ts'
import { KnownRoute } from '../capture/route.ts'
import { Guard } from '../guard.ts'
import { Dispatch } from './express-dispatch.ts'
import type { Framework } from './framework.ts'

/** Set on every request that Sails takes. */
interface Request {
  readonly _sails?: {
    readonly config?: { readonly routes?: Readonly<Record<string, unknown>> }
  }
}

const guard = new Guard('sails routes')

/** Sails binds its routes to a router of Express, which tells them; but its hooks are bound there as well. */
export const sails: Framework = {
  recognize(exchange) {
    if (!guard.active) return
    try {
      const { _sails } = exchange.request as Request
      // What is inside of Express, if anything, knows better.
      if (_sails !== undefined && exchange.route instanceof Dispatch) tell(exchange, exchange.route, _sails)
    } catch (fault) {
      guard.fault(fault)
    }
  },
}

function tell(exchange: Exchange, dispatch: Dispatch, { config }: NonNullable<Request['_sails']>): void {
  const template = dispatch.template()
  const isHook = template === '/*' && !hasCatchAll(config?.routes)
  // In the place of Express, or what a hook was bound to would be found there.
  exchange.route = new KnownRoute('sails', isHook ? undefined : template)
  exchange.route.outer = dispatch.outer
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
