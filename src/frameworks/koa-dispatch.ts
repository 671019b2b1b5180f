import type { IncomingMessage, ServerResponse } from 'node:http'
import { exchangeOf } from '../capture/exchange.ts'
import { setRouteSource, type RouteSource } from '../capture/route.ts'
import { Guard } from '../guard.ts'
import { joinPath, type Path } from './express-path.ts'

/** What is read of a Koa context, and of what its routers put there. */
export interface Context {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly method: string
  /** Without the mounts that were passed. */
  readonly path: string
  readonly body: unknown
  readonly status: number
  /** koa-router's layers that fit the path, of all routers that ran. */
  readonly matched?: readonly Layer[]
  readonly router?: { readonly stack: readonly Layer[] }
}

/** One entry of koa-router's stack. */
export interface Layer {
  readonly path: Path
  /** None: it was made by `router.use()`. */
  readonly methods: readonly string[]
  readonly opts: { readonly strict?: boolean }
  /** Its path is that of a prefix, with a slash more. */
  [ROOT]?: boolean
}

export const ROOT: unique symbol = Symbol('peekapi.root')

/** A route that was entered, and the answer as it stood then. */
interface Entry {
  /** Unknown if it has several. */
  readonly template: string | undefined
  /** Chosen by its router, which has still to run it. */
  readonly chosen: boolean
  readonly body: unknown
  readonly status: number
}

/** One run of koa-mount: it cuts `prefix` from the path, and puts it back when it is left. */
interface Mount {
  readonly prefix: string
  readonly before: string
  readonly after: string
}

/** One for everything that follows a request: half a trace would tell wrong routes. */
export const guard: Guard = new Guard('koa routes')

/** Follows one request through the routers of a Koa application. */
export class KoaDispatch implements RouteSource {
  readonly framework = 'koa'
  outer: RouteSource | undefined = undefined
  readonly context: Context
  readonly url: string | undefined
  readonly #entries: Entry[] = []
  readonly #mounts: Mount[] = []
  #running: Layer | 'unknown' | undefined = undefined

  constructor(context: Context) {
    this.context = context
    this.url = context.req.url
  }

  /**
   * The last route after which the answer changed: one may answer and still call `next()`, into a route that does
   * nothing. Koa does not tell more than that. So a route that did nothing but call `next()` keeps what
   * middleware behind it answers.
   */
  template(): string | undefined {
    if (!guard.active) return undefined
    const entries = this.#entries
    let after: Pick<Context, 'body' | 'status'> = this.context
    for (let index = entries.length - 1; index >= 0; index--) {
      const entry = entries[index]!
      if (entry.body !== after.body || entry.status !== after.status) return entry.template
      after = entry
    }
    return entries.at(-1)?.template
  }

  /** koa-mount hands the request on; `path` still is as it was before. */
  enterMount(prefix: string): void {
    const before = this.context.path
    this.#mounts.push({ prefix, before, after: before.slice(prefix.length) || '/' })
  }

  /** A layer of koa-router is about to run. Where its class cannot be seen the layer is not known. */
  seeCaptures(layer: Layer | undefined): void {
    this.#running = layer ?? 'unknown'
    if (layer === undefined) return
    if (layer.methods.length > 0) this.enter(pathOf(layer))
    else if (this.#entries.length === 0) this.#choose()
  }

  /** koa-router assigns it when it has chosen and, from version 9 on, again after each layer's captures. */
  seeMatchedRoute(path: Path): void {
    const running = this.#running
    this.#running = undefined
    if (running === 'unknown') {
      const isRoute = ({ path: other, methods }: Layer): boolean => other === path && methods.length > 0
      if (this.context.matched?.some(isRoute) === true) this.enter(path)
    } else if (running?.path !== path) {
      this.#choose()
    }
  }

  /** The router runs its own middleware before the first route that fits; who answers there answers for the route. */
  #choose(): void {
    // Before 7.1 the router is not told; then this is only asked for the first one that has a route.
    const { matched = [], router, method } = this.context
    const first = matched.find(
      (layer) => layer.methods.includes(method) && router?.stack.includes(layer) !== false,
    )
    if (first !== undefined) this.#push(pathOf(first), true)
  }

  /** A route takes the request. With a list of paths koa-route does not tell which one it was. */
  enter(path: Path | readonly Path[]): void {
    this.#push(path, false)
  }

  #push(path: Path | readonly Path[], chosen: boolean): void {
    const { context } = this
    // A handler may answer by itself and still call next(): the head that is sent tells who answered.
    if (context.res.headersSent) return
    const prefix = this.#prefix(context.path, this.#mounts.length)
    const template = Array.isArray(path) ? undefined : joinPath(prefix, path as Path) || '/'
    const { body, status } = this.#entries.at(-1)?.chosen === true ? this.#entries.pop()! : context
    this.#entries.push({ template, chosen, body, status })
  }

  /** Of the mounts that were entered, those that led to this path and are not left again. */
  #prefix(path: string, count: number): string {
    for (let index = count - 1; index >= 0; index--) {
      const { prefix, before, after } = this.#mounts[index]!
      if (after === path) return joinPath(this.#prefix(before, index), prefix)
    }
    return ''
  }
}

function pathOf(layer: Layer): Path {
  return layer[ROOT] === true ? String(layer.path).slice(0, -1) : layer.path
}

/** The dispatch of a context whose request is captured. */
export function dispatchOf(context: Context): KoaDispatch | undefined {
  let source = exchangeOf(context.req)?.route
  while (source !== undefined) {
    if (source instanceof KoaDispatch && source.context === context) return source
    source = source.outer
  }
  return undefined
}

export function openDispatch(context: Context): void {
  if (exchangeOf(context.req) !== undefined) setRouteSource(context.req, new KoaDispatch(context))
}
