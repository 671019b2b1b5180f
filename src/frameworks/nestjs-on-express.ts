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

export interface ExpressRequest extends RequestHead {
  /** The innermost application. */
  readonly app?: Application
  /** The last route that was chosen. */
  readonly route?: Route
}

/** By the length of the stack that was looked through: Nest adds its routes when the application is there already. */
const verdicts = new WeakMap<Application, { isNest: boolean; length: number }>()

export function isNestOnExpress(application: Application | undefined): boolean {
  const stack = application && stackOf(application)
  if (stack === undefined) return false
  const known = verdicts.get(application!)
  if (known !== undefined && (known.isNest || known.length === stack.length)) return known.isNest
  const isNest = stack.some(({ route, handle }) =>
    route === undefined ? isAdapters(handle) : isController(handlerOf(route)),
  )
  verdicts.set(application!, { isNest, length: stack.length })
  return isNest
}

/**
 * Under a global prefix Nest 12 answers 404 in routes of its own: a catch-all at the prefix, and one for all methods at
 * the path of each excluded route, which would pass for that route.
 */
export function isNotFoundHandler({ app, route }: ExpressRequest): boolean {
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
