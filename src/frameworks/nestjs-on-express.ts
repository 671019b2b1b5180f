import type { RequestHead } from '../capture/exchange.ts'

type Handler = (...args: unknown[]) => unknown

interface Layer {
  readonly handle: Handler & Partial<Router>
  readonly route?: Route
}

interface Route {
  readonly path: unknown
  readonly stack: ReadonlyArray<{ readonly handle: Handler }>
}

interface Router {
  readonly stack: readonly Layer[]
}

interface Application {
  /** Express 4 only; its getter `router` throws. */
  readonly lazyrouter?: unknown
  readonly _router?: Router
  readonly router?: Router
}

interface Request extends RequestHead {
  /** The innermost application. */
  readonly app?: Application
  /** Concrete path of the mounts around it. */
  readonly baseUrl?: string
  /** The last route that was chosen, also if it handed on. */
  readonly route?: Route
}

/** By the length of the stack that was looked through: Nest adds its routes when the application is there already. */
const verdicts = new WeakMap<Application, { isNest: boolean; length: number }>()

export function isNestOnExpress({ app }: Request): boolean {
  const stack = app && stackOf(app)
  if (stack === undefined) return false
  const known = verdicts.get(app!)
  if (known !== undefined && (known.isNest || known.length === stack.length)) return known.isNest
  const isNest = stack.some(({ route, handle }) =>
    route === undefined ? isAdapters(handle) : isController(handlerOf(route)),
  )
  verdicts.set(app!, { isNest, length: stack.length })
  return isNest
}

/**
 * Under a global prefix Nest 12 answers 404 in routes of its own: a catch-all at the prefix, and one for all methods at
 * the path of each excluded route, which would pass for that route.
 */
export function isNotFoundHandler({ app, route }: Request): boolean {
  const handler = route && handlerOf(route)
  if (handler === undefined) return false
  return (stackOf(app!) ?? []).some(({ handle }) => {
    const first = handle.stack?.[0]?.route
    return first?.path === '*path' && handlerOf(first) === handler
  })
}

/** From 11.1 on the adapter puts middleware in front of everything, also where nothing is a controller's, as with GraphQL. */
function isAdapters(handler: Handler): boolean {
  return String(handler).includes('onRequestHook')
}

/**
 * The route, without any help by Express: Nest's are all on the application itself, with their whole path. Below a mount
 * only the concrete path of that is known.
 */
export function wholePath(request: Request, status: number): string | undefined {
  const { baseUrl, route } = request
  if (baseUrl !== '' || typeof route?.path !== 'string') return undefined
  return status === 404 && hasHandedOn(request, route) ? undefined : route.path
}

/** Before 2.3 the router does not tell: what such a route handed on to "not found" passes for its own 404. */
function hasHandedOn(request: object, { path }: Route): boolean {
  const key = Object.getOwnPropertySymbols(request).find(
    ({ description }) => description === 'router.tracing.matchedRoute',
  )
  return key !== undefined && (request as Record<symbol, unknown>)[key] !== path
}

/** Nest copies what decorators left on a controller's method to the function that it registers. */
function isController(handler: Handler | undefined): boolean {
  const { getMetadata } = Reflect as unknown as { getMetadata(key: string, target: object): unknown }
  return (
    handler !== undefined &&
    getMetadata('path', handler) !== undefined &&
    getMetadata('method', handler) !== undefined
  )
}

function handlerOf({ stack }: Route): Handler | undefined {
  return stack[0]?.handle
}

function stackOf(application: Application): readonly Layer[] | undefined {
  return ('lazyrouter' in application ? application._router : application.router)?.stack
}
