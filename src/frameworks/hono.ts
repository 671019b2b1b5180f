import type { IncomingMessage } from 'node:http'
import { exchangeOf } from '../capture/exchange.ts'
import { setRouteSource, type RouteSource } from '../capture/route.ts'
import { Guard } from '../guard.ts'
import { wrapMethod } from '../wrap.ts'
import type { Framework } from './framework.ts'

type Handler = (context: Context, next: unknown) => unknown

interface Composed extends Function {
  readonly __COMPOSED_HANDLER?: Composed
}

/** One entry of an application's `routes`: a handler or a middleware, with its full path. */
interface Route {
  readonly method: string
  readonly path: string
  readonly handler: Composed
}

interface Context {
  /** What @hono/node-server passes. */
  readonly env?: { readonly incoming?: IncomingMessage }
  readonly req: {
    readonly path: string
    /** Everything whose path fits, in order; most of it may never run. */
    readonly matchedRoutes: readonly Route[]
    /** Which of them ran last. */
    readonly routeIndex: number
  }
}

const guard = new Guard('hono routes')
const patched = new WeakSet<object>()

/**
 * Routers, so that every handler knows its request, and the context, because a request that nothing fits reaches no
 * handler. Not `match`: routers replace it on themselves when they are first used. Not the application: its methods are
 * made anew in each constructor.
 */
export const hono: Framework = {
  patch(exports) {
    for (const [name, value] of Object.entries(exports as Record<string, unknown>)) {
      const prototype = typeof value === 'function' ? (value.prototype as object | undefined) : undefined
      if (prototype === undefined || patched.has(prototype)) continue
      patched.add(prototype)
      if (name === 'Context') observeAnswers(prototype)
      else if (name.endsWith('Router') && 'add' in prototype) wrapAdd(prototype)
    }
  },
}

type Add = (this: unknown, method: string, path: string, entry: unknown) => unknown

function wrapAdd(prototype: object): void {
  wrapMethod<Add>(
    prototype,
    'add',
    (add) =>
      function (this: unknown, _method: string, _path: string, entry: unknown): unknown {
        try {
          observeHandler(entry)
        } catch (fault) {
          guard.fault(fault)
        }
        return Reflect.apply(add, this, arguments)
      },
  )
}

/** Wrapped before, by a router that hands its entries on to others. */
const observed = new WeakSet<Handler>()

/** In the router's entry alone: an application's `routes` keep showing the handler that was registered. */
function observeHandler(entry: unknown): void {
  if (!Array.isArray(entry)) return
  const [handler] = entry as [Handler]
  if (typeof handler !== 'function' || observed.has(handler)) return
  const observing: Handler = function (this: unknown, context) {
    attach(context)
    return Reflect.apply(handler, this, arguments)
  }
  // Hono tells handlers from middleware by their length.
  for (const property of ['name', 'length'] as const)
    Object.defineProperty(observing, property, { value: handler[property], configurable: true })
  observed.add(observing)
  entry[0] = observing
}

function observeAnswers(prototype: object): void {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, 'res')
  const set = descriptor?.set
  if (descriptor === undefined || set === undefined) return
  Object.defineProperty(prototype, 'res', {
    ...descriptor,
    set(this: Context, _response: unknown) {
      attach(this)
      Reflect.apply(set, this, arguments)
    },
  })
}

/** Puts a context on the exchange of the request it was made for. */
function attach(context: Context): void {
  if (!guard.active) return
  try {
    const incoming = context.env?.incoming
    const exchange = incoming === undefined ? undefined : exchangeOf(incoming)
    if (incoming === undefined || exchange === undefined) return
    const last = exchange.route instanceof Dispatch ? exchange.route : undefined
    if (last !== undefined && last.isOf(context)) return
    const base = last === undefined ? '' : baseWithin(last, context)
    if (base !== undefined) setRouteSource(incoming, new Dispatch(context, base, last))
  } catch (fault) {
    guard.fault(fault)
  }
}

/**
 * Where an application is mounted that got this request from another one, which cut its own part off the path.
 * Undefined if it was asked for something else: applications call each other by `app.request('/data')` as well.
 */
function baseWithin(outer: Dispatch, { req: { path } }: Context): string | undefined {
  const whole = outer.context.req.path
  if (path === whole) return outer.base
  const mount = outer.current()?.path ?? ''
  if (!mount.endsWith('*') || !(path === '/' || whole.endsWith(path))) return undefined
  return outer.base + withoutWildcard(mount)
}

/** `/mounted/*` → `/mounted` */
function withoutWildcard(path: string): string {
  return path.replace(/\/?\*$/, '')
}

/** One request in one application. */
class Dispatch implements RouteSource {
  readonly framework = 'hono'
  outer: RouteSource | undefined = undefined
  readonly context: Context
  readonly base: string
  readonly #from: Dispatch | undefined
  /** The outer application's entry that handed the request on. */
  readonly #handedOnBy: Route | undefined

  constructor(context: Context, base: string, from: Dispatch | undefined) {
    this.context = context
    this.base = base
    this.#from = from
    this.#handedOnBy = from?.current()
  }

  /** Whether this request came by that context, in this application or one around it. */
  isOf(context: Context): boolean {
    return this.context === context || (this.#from !== undefined && this.#from.isOf(context))
  }

  /** The entry that ran last. */
  current(): Route | undefined {
    const { matchedRoutes, routeIndex } = this.context.req
    return matchedRoutes[routeIndex]
  }

  mount(): string | undefined {
    const path = this.current()?.path
    return path?.endsWith('*') === true ? this.base + withoutWildcard(path) : undefined
  }

  template(): string | undefined {
    // The outer application went on by itself: what this one said was not the answer.
    if (this.#from?.current() !== this.#handedOnBy) return undefined
    const { matchedRoutes, routeIndex } = this.context.req
    // Middleware that answers belongs to the route it stands before.
    const path = matchedRoutes.find((route, index) => index >= routeIndex && isHandler(route))?.path
    if (path === undefined) return undefined
    return path === '/' && this.base !== '' ? this.base : this.base + path
  }
}

/** As Hono's own `showRoutes` tells them apart. */
function isHandler({ method, handler }: Route): boolean {
  if (method !== 'ALL') return true
  let outer: Composed = handler
  for (let inner = composedIn(outer); inner !== undefined; inner = composedIn(outer)) outer = inner
  return outer.length < 2
}

/** What an inner application's error handler was put around; early releases of 4 and those of 3 keep it by a symbol. */
function composedIn(handler: Composed): Composed | undefined {
  if (handler.__COMPOSED_HANDLER !== undefined) return handler.__COMPOSED_HANDLER
  const key = Object.getOwnPropertySymbols(handler).find(
    ({ description }) => description === 'composedHandler',
  )
  return key && (handler as unknown as Record<symbol, Composed>)[key]
}
