import type { IncomingMessage } from 'node:http'
import { Guard } from '../guard.ts'
import { exchangeOf, type Exchange } from './exchange.ts'

/** What a framework knows about one request. Kept on the exchange, asked once, when it settles. */
export interface RouteSource {
  readonly framework: string
  /** The source that was there before: an outer framework that handed the request on. */
  outer?: RouteSource | undefined
  /**
   * The route that answered, verbatim, with every mount prefix.
   * Undefined if middleware answered, or nothing in this framework did.
   */
  template(): string | undefined
  /** Template of the mount of what answered without a route, for what tells only its own part of the path. */
  mount?(): string | undefined
  /** The URL as this framework got it, for what is around it and had cut off a mount by then. */
  readonly url?: string | undefined
}

/** Puts a source on the request's exchange. Without an exchange (ignored request, no capture) it does nothing. */
export function setRouteSource(request: IncomingMessage, source: RouteSource): void {
  const exchange = exchangeOf(request)
  if (exchange !== undefined) addRouteSource(exchange, source)
}

/** Puts a source on an exchange, inside those that are there. */
export function addRouteSource(exchange: Exchange, source: RouteSource): void {
  source.outer = exchange.route
  exchange.route = source
}

/** For frameworks that know at once: the template, or that they have no route for this request. */
export function setRoute(request: IncomingMessage, framework: string, template: string | undefined): void {
  setRouteSource(request, new KnownRoute(framework, template))
}

export class KnownRoute implements RouteSource {
  readonly framework: string
  outer: RouteSource | undefined = undefined
  readonly #template: string | undefined

  constructor(framework: string, template: string | undefined) {
    this.framework = framework
    this.#template = template
  }

  template(): string | undefined {
    return this.#template
  }
}

/** The route that counts, with the framework that told it. */
export interface ResolvedRoute {
  readonly framework: string | undefined
  readonly template: string | undefined
}

const NO_ROUTE: ResolvedRoute = { framework: undefined, template: undefined }

/**
 * The only place that decides which route a request had.
 * - The most inner source wins, unless it has no route or only a catch-all and an outer one knows better:
 *   frameworks inside frameworks are mounted on a catch-all.
 * - A 404 from a catch-all is no route: that is how applications write their own "not found".
 *
 * @param status As sent on the wire.
 */
export function resolveRoute(innermost: RouteSource | undefined, status: number): ResolvedRoute {
  let best = NO_ROUTE
  for (let source = innermost; source !== undefined; source = source.outer) {
    const { framework } = source
    const template = templateOf(source)
    if (template !== undefined && !isCatchAll(template)) return { framework, template }
    if (best.template !== undefined) continue
    if (template !== undefined && status !== 404) best = { framework, template }
    else if (best === NO_ROUTE) best = { framework, template: undefined }
  }
  return best
}

const guard = new Guard('route resolution')

/** A source at fault costs its request the route, never the event. */
function templateOf(source: RouteSource): string | undefined {
  if (!guard.active) return undefined
  try {
    return source.template()
  } catch (fault) {
    guard.fault(fault)
    return undefined
  }
}

/** The last segment takes everything that is left; one alternative for each family of grammars. */
const CATCH_ALL = new RegExp(
  `(?:^|/)(?:${[
    /\*{1,2}[\w$]*/, // * ** *path: path-to-regexp 0.1 and 8, find-my-way, Hono
    /\{\/?\*[\w$]*\}/, // {*path} {/*path}: path-to-regexp 8
    /:[\w$]+\*/, // :path*: path-to-regexp 6
    /(?::[\w$]+)?\(\.\*\)\*?/, // (.*) :path(.*): path-to-regexp 0.1 to 6
    /\{[\w$]+\*\}/, // {path*}: hapi
    /\*\*:[\w$]+/, // **:path: radix3, rou3
    /\[{1,2}\.{3}[\w$]+\]{1,2}/, // [...path] [[...path]]: routes from file names
    /\^?(?:\\\/)?\(?\.\*\)?\$?\/[a-z]*/, // /.*/ /^\/(.*)$/: a regular expression, printed
  ]
    .map(({ source }) => source)
    .join('|')})$`,
)

export function isCatchAll(template: string): boolean {
  // All of them have one of the two, and most routes neither.
  return (template.includes('*') || template.includes('...')) && CATCH_ALL.test(template)
}
