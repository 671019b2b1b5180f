import type { IncomingMessage, ServerResponse } from 'node:http'
import { exchangeOf } from '../capture/exchange.ts'
import { setRouteSource, type RouteSource } from '../capture/route.ts'
import { Guard } from '../guard.ts'
import { compiledMount } from './express-mount.ts'
import { joinPath, pathTaken } from './express-path.ts'
import type { Layer, Path, Paths, Route, Router } from './express-path.ts'

export interface Request extends IncomingMessage {
  /** Set when a route is chosen, and never cleared when it hands the request on. */
  readonly route?: Route | undefined
  /** Concrete path of the mounts that were passed. */
  readonly baseUrl?: string | undefined
  /** The innermost Express application; absent when the `router` package is used alone. */
  readonly app?: unknown
}

/** A route that took the request, and where its router is mounted. */
interface Match {
  readonly base: string
  readonly path: Path
}

/** One run of one router: what to restore when it hands the request back. */
export interface Frame {
  readonly router: Router
  /** Template the router is mounted on, empty at the root. */
  readonly base: string
  /** Length of the concrete path behind `base`. */
  readonly consumed: number
  /** The match before: inside `post('/x', router, handler)` the router is that route's middleware. */
  readonly within: Match | undefined
  readonly outer: Frame | undefined
}

/** One for everything that follows a request: half a trace would tell wrong routes. */
export const guard: Guard = new Guard('express routes')

/** Follows one request through routers, their layers and back. */
export class Dispatch implements RouteSource {
  readonly framework: string
  outer: RouteSource | undefined = undefined
  url: string | undefined = undefined
  readonly #request: Request
  #frame: Frame | undefined = undefined
  /** Template that whatever the running layer calls is mounted on. */
  #mount = ''
  #match: Match | undefined = undefined
  /** `request.route` when the last layer ran: another one later was chosen without running. */
  #seen: Route | undefined = undefined

  constructor(request: Request, framework: string) {
    this.#request = request
    this.framework = framework
  }

  template(): string | undefined {
    const match = this.#chosen(this.#frame) ?? this.#match
    return match === undefined || !guard.active ? undefined : joinPath(match.base, match.path) || '/'
  }

  mount(): string {
    return this.#mount
  }

  enter(router: Router): Frame {
    if (this.#frame === undefined) this.url = this.#request.url
    const consumed = this.#request.baseUrl?.length ?? 0
    this.#frame = { router, base: this.#mount, consumed, within: this.#match, outer: this.#frame }
    return this.#frame
  }

  /** The router calls out: nothing in it answered, or an error goes on to the handlers outside. */
  leave(frame: Frame, error: unknown, response: ServerResponse): void {
    // A handler may answer and still call next(): the head that is sent tells who answered.
    if (!response.headersSent) this.#match = error ? (this.#chosen(frame) ?? this.#match) : frame.within
    this.#seen = this.#request.route
    this.#frame = frame.outer
    this.#mount = frame.base
  }

  /**
   * A layer takes the request. Error handlers are not asked: the route that failed keeps the request.
   *
   * @param known As the developer wrote it. Undefined for what was mounted before we saw Express.
   */
  run(layer: Layer, known: Paths | undefined, response: ServerResponse): void {
    const frame = this.#frame
    if (frame === undefined) return
    this.#seen = this.#request.route
    if (response.headersSent) return
    const { router, base, consumed, within } = frame
    const { baseUrl = '', url = '' } = this.#request
    const paths = known ?? compiledMount(layer, router, baseUrl.slice(consumed))
    if (layer.route !== undefined) {
      this.#match = { base, path: pathTaken(layer, paths, router, url) }
      this.#mount = base
    } else if (layer.handle.length < 4) {
      this.#match = within
      // The layer's own mount is cut from the URL by now.
      this.#mount =
        paths === '/' ? base : joinPath(base, pathTaken(layer, paths, router, baseUrl.slice(consumed) + url))
    }
  }

  /** A route whose parameter callback (`router.param`) answered or failed: it was chosen, but none of its handlers ran. */
  #chosen(frame: Frame | undefined): Match | undefined {
    const { route, url = '' } = this.#request
    if (frame === undefined || route === undefined || route === this.#seen) return undefined
    const { router, base } = frame
    const layer = router.stack.find((layer) => layer.route === route)
    return layer && { base, path: pathTaken(layer, route.path, router, url) }
  }
}

/** The dispatch of a captured request, if one was started. */
export function dispatchOf(request: Request): Dispatch | undefined {
  let source = exchangeOf(request)?.route
  while (source !== undefined && !(source instanceof Dispatch)) source = source.outer
  return source
}

/** The same, started if need be. A request that is not captured has none. */
export function openDispatch(request: Request, isExpress: boolean): Dispatch | undefined {
  if (exchangeOf(request) === undefined) return undefined
  const open = dispatchOf(request)
  if (open !== undefined) return open
  // Express 5 has no router of its own; its applications set `request.app` before they enter one.
  const framework = isExpress || typeof request.app === 'function' ? 'express' : 'router'
  const dispatch = new Dispatch(request, framework)
  setRouteSource(request, dispatch)
  return dispatch
}
