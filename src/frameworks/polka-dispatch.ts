import type { IncomingMessage, ServerResponse } from 'node:http'
import { exchangeOf } from '../capture/exchange.ts'
import { pathnameOf } from '../capture/paths.ts'
import { setRouteSource, type RouteSource } from '../capture/route.ts'
import { Guard } from '../guard.ts'
import { joinPath, type Path } from './express-path.ts'

export interface Request extends IncomingMessage {
  /** Without the mounts that were passed. Set by Polka. */
  readonly path?: string
}

export type Handler = (request: Request, response: unknown, next: () => unknown) => unknown

/** What an application finds for a request. */
export interface Found {
  readonly handlers: Handler[]
}

/** What is read of an application. */
export interface Application {
  /** In 0.5: the handlers of each route, by method and path. */
  readonly handlers?: Readonly<Record<string, Readonly<Record<string, Handler[]>>>>
  /** In 0.5: the applications below, by mount. */
  readonly apps?: Readonly<Record<string, unknown>>
}

/** One for everything that follows a request: half a trace would tell wrong routes. */
export const guard: Guard = new Guard('polka routes')

/** Follows one request through applications. */
export class PolkaDispatch implements RouteSource {
  readonly framework = 'polka'
  outer: RouteSource | undefined = undefined
  readonly url: string | undefined
  readonly #request: Request
  #application: Application | undefined = undefined
  /** Path as the application sees it. */
  #path = ''
  /** Template that the application is mounted on. */
  #prefix = ''
  /** The same of what it runs now. */
  #mount: string
  #template: string | undefined = undefined
  /** The route of `#template` was not only found. */
  #isRunning = false
  readonly #response: ServerResponse

  constructor(request: Request, response: ServerResponse) {
    this.#request = request
    this.#response = response
    this.url = request.url
    this.#mount = exchangeOf(request)?.route?.mount?.() ?? ''
  }

  template(): string | undefined {
    return guard.active ? this.#template : undefined
  }

  mount(): string {
    return this.#mount
  }

  /** An application takes the request. */
  enter(application: Application): void {
    const path = this.#application === undefined ? pathnameOf(this.#request.url ?? '') : this.#request.path
    const base = this.#path.endsWith(`${path}`) ? this.#path.slice(0, -`${path}`.length) : this.#path
    // 0.5 mounts on one literal segment, and does not tell where.
    if (this.#application?.apps?.[base] === application) this.#mount += base
    this.#prefix = this.#mount
    this.#application = application
    this.#path = path ?? ''
  }

  /**
   * The application has found its handlers, in 1.0 those of middleware as well. The first route is the one that
   * answers unless it hands on; who answers before it answers for it, since the route is already chosen.
   */
  found(found: Found | undefined, routes: WeakMap<object, Path>): void {
    if (this.#response.headersSent) return
    this.#template = undefined
    if (found === undefined) return
    const { handlers } = found
    const single = routes.get(handlers)
    if (single !== undefined) return this.run(single)
    const first = handlers.find((handler) => routes.has(handler))
    if (first === undefined) return
    this.run(routes.get(first)!)
    // Made for this request: the last handler before "no match".
    this.#isRunning = false
    handlers.push((_request, _response, next) => {
      this.#leaveRoute()
      return next()
    })
  }

  /** A route takes the request. */
  run(path: Path): void {
    if (this.#response.headersSent) return
    this.#isRunning = true
    const text = String(path)
    const rooted = /^[/*]/.test(text) ? text : `/${text}`
    this.#template = joinPath(this.#prefix, rooted) || '/'
  }

  /** Middleware takes the request, below a mount if it is not empty. */
  runMiddleware(mount: Path): void {
    this.#leaveRoute()
    const text = String(mount)
    this.#mount = joinPath(this.#prefix, text === '' || text.startsWith('/') ? text : `/${text}`)
  }

  leaveMount(): void {
    this.#mount = this.#prefix
  }

  /** What runs next is behind a route that handed on. A handler may also have answered before it calls `next()`. */
  #leaveRoute(): void {
    if (this.#isRunning && !this.#response.headersSent) this.#template = undefined
  }
}

/** The dispatch of a captured request, if one was started. */
export function dispatchOf(request: Request): PolkaDispatch | undefined {
  let source = exchangeOf(request)?.route
  while (source !== undefined && !(source instanceof PolkaDispatch)) source = source.outer
  return source
}

/** The same, started if need be. A request that is not captured has none. */
export function openDispatch(request: Request, response: ServerResponse): PolkaDispatch | undefined {
  if (exchangeOf(request) === undefined) return undefined
  const open = dispatchOf(request)
  if (open !== undefined) return open
  const dispatch = new PolkaDispatch(request, response)
  setRouteSource(request, dispatch)
  return dispatch
}
