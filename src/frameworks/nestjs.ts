import type { Exchange } from '../capture/exchange.ts'
import type { RouteSource } from '../capture/route.ts'
import { Guard } from '../guard.ts'
import { FastifyRoute } from './fastify-route.ts'
import type { Framework } from './framework.ts'
import { isNestOnExpress, isNotFoundHandler, type ExpressRequest } from './nestjs-on-express.ts'
import { isNestOnFastify } from './nestjs-on-fastify.ts'

const guard = new Guard('nestjs routes')

/**
 * Nest's routes are routes of Express or Fastify, whole and with every prefix: the host tells them. Recognised is that
 * the application is Nest's, and where Nest itself says that there is no route.
 */
export const nestjs: Framework = {
  recognize(exchange) {
    // Nest does not start without reflect-metadata, which extends this object. Most processes are done here.
    if (!('getMetadata' in Reflect) || !guard.active) return
    try {
      nameHost(exchange)
    } catch (fault) {
      guard.fault(fault)
    }
  },
}

/** In the place of its host, so that what is inside and around stays where it is. */
function nameHost(exchange: Exchange): void {
  let inner: RouteSource | undefined
  for (let source = exchange.route; source !== undefined; source = source.outer) {
    const nest = nestAs(source, exchange)
    if (nest !== undefined) {
      if (inner === undefined) exchange.route = nest
      else inner.outer = nest
      return
    }
    inner = source
  }
}

function nestAs(host: RouteSource, exchange: Exchange): NestRoute | undefined {
  if (host instanceof FastifyRoute) {
    if (!isNestOnFastify(host.instance)) return undefined
    // Nest's adapter refuses some requests that Fastify has found a route for. Paths of controllers begin with a slash:
    // `*` is the route on which @fastify/cors answers requests for permission.
    return new NestRoute(host, host.request.is404 !== true && host.template() !== '*')
  }
  if (host.framework !== 'express') return undefined
  const request = exchange.request as ExpressRequest
  if (!isNestOnExpress(request.app)) return undefined
  return new NestRoute(host, exchange.status !== 404 || !isNotFoundHandler(request))
}

class NestRoute implements RouteSource {
  readonly framework = 'nestjs'
  outer: RouteSource | undefined
  readonly #host: RouteSource
  readonly #hasRoute: boolean

  constructor(host: RouteSource, hasRoute: boolean) {
    this.outer = host.outer
    this.#host = host
    this.#hasRoute = hasRoute
  }

  get url(): string | undefined {
    return this.#host.url
  }

  template(): string | undefined {
    return this.#hasRoute ? this.#host.template() : undefined
  }

  mount(): string | undefined {
    return this.#host.mount?.()
  }
}
