import { wrapMethod } from '../wrap.ts'
import type { Path } from './express-path.ts'
import type { Framework } from './framework.ts'
import { dispatchOf, guard, openDispatch, ROOT, type Context, type Layer } from './koa-dispatch.ts'

const patched = new WeakSet<object>()

/**
 * Koa knows no routes, and its routers are many. What they have in common is that each leaves the path it matched on
 * the context, so the prototype of contexts is where all of them are seen; it is also the one file of them
 * that Koa itself requires, and so is seen in every application.
 */
export const koa: Framework = {
  patch(exports, path) {
    if (path === 'koa/lib/context.js') once(exports, observeContexts)
    else if (path === 'koa-tree-router/tree.js') once((exports as Class).prototype, markRoutes)
    else once((exports as Class).prototype, observeLayers)
  },
}

interface Class {
  readonly prototype: object
}

function once(target: unknown, patch: (target: object) => void): void {
  if (patched.has(target as object)) return
  patched.add(target as object)
  patch(target as object)
}

type Seen = (context: Context, value: unknown) => void

function observeContexts(contexts: object): void {
  // The first thing that Koa sets on a context after its request.
  onAssignment(contexts, 'originalUrl', 'first', openDispatch)
  onAssignment(contexts, 'mountPath', 'each', (context, prefix) =>
    dispatchOf(context)?.enterMount(prefix as string),
  )
  onAssignment(contexts, 'routePath', 'each', enterRoute)
  onAssignment(contexts, 'captures', 'each', seeCaptures)
  onAssignment(contexts, '_matchedRoute', 'each', (context, path) =>
    dispatchOf(context)?.seeMatchedRoute(path as Path),
  )
}

/**
 * Calls `seen` when a context's property is assigned. The property becomes the context's own and enumerable, as
 * it would be without us: applications copy contexts. Where only the first assignment counts it is a plain
 * one from then on.
 */
function onAssignment(contexts: object, name: string, which: 'first' | 'each', seen: Seen): void {
  Object.defineProperty(contexts, name, {
    configurable: true,
    get: () => undefined,
    set(this: Context, first: unknown) {
      let value = first
      const own =
        which === 'first'
          ? { value, writable: true }
          : {
              get: () => value,
              set: (next: unknown) => {
                value = next
                tell(this, next, seen)
              },
            }
      Object.defineProperty(this, name, { ...own, enumerable: true, configurable: true })
      tell(this, first, seen)
    },
  })
}

function tell(context: Context, value: unknown, seen: Seen): void {
  if (!guard.active || context.req === undefined) return
  try {
    seen(context, value)
  } catch (fault) {
    guard.fault(fault)
  }
}

function enterRoute(context: Context, path: unknown): void {
  dispatchOf(context)?.enter(path as Path)
}

/** What a layer captured last. It is assigned to a context at once, which tells the layer that runs. */
let captured: { readonly layer: Layer; readonly captures: unknown } | undefined

function seeCaptures(context: Context, captures: unknown): void {
  const layer = captured?.captures === captures ? captured?.layer : undefined
  captured = undefined
  dispatchOf(context)?.seeCaptures(layer)
}

/** koa-router 7 to 14. Before 9 they do not tell which layer runs in any other way. */
function observeLayers(layers: object): void {
  wrapMethod(
    layers,
    'captures',
    (capturesOf) =>
      function (this: unknown): unknown {
        const captures = Reflect.apply(capturesOf, this, arguments)
        captured = { layer: this as Layer, captures }
        return captures
      },
  )
  wrapMethod(
    layers,
    'setPrefix',
    (setPrefix) =>
      function (this: unknown, prefix?: unknown): unknown {
        const { path } = this as Layer
        const result = Reflect.apply(setPrefix, this, arguments)
        try {
          if (path === '/') labelRoot(this as Layer, prefix)
        } catch (fault) {
          guard.fault(fault)
        }
        return result
      },
  )
}

/** Before 9 the root of a prefix keeps a slash, which nobody wrote. Layers are copied by their enumerable properties. */
function labelRoot(layer: Layer, prefix: unknown): void {
  if (layer.opts.strict !== true && layer.path === `${String(prefix)}/`) layer[ROOT] = true
}

/** koa-tree-router leaves nothing on the context; a handler in front of each route's own does. */
function markRoutes(nodes: object): void {
  wrapMethod(
    nodes,
    'addRoute',
    (addRoute) =>
      function (this: unknown, path?: unknown, handlers?: unknown): unknown {
        if (!Array.isArray(handlers)) return Reflect.apply(addRoute, this, arguments)
        return Reflect.apply(addRoute, this, [path, [marking(path as Path), ...(handlers as unknown[])]])
      },
  )
}

function marking(path: Path) {
  return (context: Context, next: () => unknown): unknown => {
    tell(context, path, enterRoute)
    return next()
  }
}
