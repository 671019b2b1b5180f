import type { Exchange } from '../capture/exchange.ts'
import { KnownRoute, type RouteSource } from '../capture/route.ts'
import { Guard } from '../guard.ts'
import type { FastifyRoute } from './fastify-route.ts'
import type { Framework } from './framework.ts'
import { HostRoute, nameHost } from './host-route.ts'
import { isNestOnExpress, isNotFoundHandler, wholePath } from './nestjs-on-express.ts'
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
      nameHost(
        exchange,
        (host) => nestOn(host, exchange),
        () => nestInBundle(exchange),
      )
    } catch (fault) {
      guard.fault(fault)
    }
  },
}

function nestOn(host: RouteSource, exchange: Exchange): HostRoute | undefined {
  // Not by their classes, of which this file has no copies: what patches the hosts is built into another.
  if (host.framework === 'fastify') {
    const { instance, request } = host as FastifyRoute
    if (!isNestOnFastify(instance)) return undefined
    // Nest's adapter refuses some requests that Fastify has found a route for. Paths of controllers begin with a slash:
    // `*` is the route on which @fastify/cors answers requests for permission.
    return new HostRoute('nestjs', host, request.is404 !== true && host.template() !== '*')
  }
  return host.framework === 'express' ? nestOnExpress(host, exchange) : undefined
}

/** Where Express is not to be seen. */
function nestInBundle(exchange: Exchange): HostRoute | undefined {
  const template = wholePath(exchange.request, exchange.status)
  return nestOnExpress(new KnownRoute('express', template), exchange)
}

function nestOnExpress(host: RouteSource, { request, status }: Exchange): HostRoute | undefined {
  if (!isNestOnExpress(request)) return undefined
  return new HostRoute('nestjs', host, status !== 404 || !isNotFoundHandler(request))
}
