import type { IncomingMessage } from 'node:http'
import { exchangeOf } from './exchange.ts'

/** Who answered a request, as far as a framework can tell. */
export type RouteAnswer =
  /** A route the developer wrote; `template` is verbatim, with every mount prefix. */
  | { readonly kind: 'route'; readonly template: string }
  /** Middleware answered, no route did. */
  | { readonly kind: 'middleware' }
  /** The framework saw the request, and nothing in it answered. */
  | { readonly kind: 'none' }

/** What a framework knows about one request. Kept on the exchange, asked once, when it settles. */
export interface RouteSource {
  readonly framework: string
  /** The source that was there before: an outer framework that handed the request on. */
  outer?: RouteSource | undefined
  /** @param status As sent on the wire; a 404 from a catch-all route is no route. */
  resolve(status: number): RouteAnswer
}

/** Puts a source on the request's exchange. Without an exchange (ignored request, no capture) it does nothing. */
export function setRouteSource(request: IncomingMessage, source: RouteSource): void {
  const exchange = exchangeOf(request)
  if (exchange === undefined) return
  source.outer = exchange.route
  exchange.route = source
}

/** For frameworks that know the template at once. */
export function setRoute(request: IncomingMessage, framework: string, template: string): void {
  setRouteSource(request, { framework, resolve: () => ({ kind: 'route', template }) })
}

/** The route that counts, with the framework that told it. */
export interface ResolvedRoute {
  readonly framework: string | undefined
  readonly template: string | undefined
}

const NO_ROUTE: ResolvedRoute = { framework: undefined, template: undefined }

/**
 * The most inner source wins, unless it has no route or only a catch-all and an outer one knows better.
 * A 404 answered by a catch-all is no route: that is how applications write their own "not found".
 */
export function resolveRoute(innermost: RouteSource | undefined, status: number): ResolvedRoute {
  let best: ResolvedRoute | undefined
  for (let source = innermost; source !== undefined; source = source.outer) {
    const answer = source.resolve(status)
    const template = answer.kind === 'route' ? answer.template : undefined
    if (template === undefined) {
      best ??= { framework: source.framework, template: undefined }
    } else if (!isCatchAll(template)) {
      return { framework: source.framework, template }
    } else if (status !== 404 && best?.template === undefined) {
      best = { framework: source.framework, template }
    } else {
      best ??= { framework: source.framework, template: undefined }
    }
  }
  return best ?? NO_ROUTE
}

/** A template whose last segment takes everything, in any framework's grammar: `*`, `/*path`, `/{*any}`, `(.*)`, `/**`. */
const CATCH_ALL = /(?:^|\/)(?:\*{1,2}[\w$]*|\{\/?\*[\w$]*\}|\(\.\*\)|:[\w$]+\(\.\*\))$/

export function isCatchAll(template: string): boolean {
  return CATCH_ALL.test(template)
}
