import type { ServerResponse } from 'node:http'
import { wrapMethod } from '../wrap.ts'
import {
  dispatchOf,
  guard,
  openDispatch,
  type Dispatch,
  type Frame,
  type Request,
} from './express-dispatch.ts'
import { mountPath, type Layer, type Paths, type Router } from './express-path.ts'
import type { Framework } from './framework.ts'

/**
 * The mount path of a layer made by `use`; the layer itself keeps only a compiled form.
 * On the layer, because each layer of each request asks for it and a WeakMap costs more than all else here.
 */
const MOUNT: unique symbol = Symbol('peekapi.mount')

type MountedLayer = Layer & { [MOUNT]?: Paths }

const patched = new WeakSet<object>()

/** The router inside Express 4, and the `router` package, which is that of Express 5. */
export const express: Framework = {
  patch(exports, path) {
    const { prototype } = exports as { prototype?: { handle?: unknown } }
    // In Express 4 every router inherits from the exported function itself.
    patchRouters(
      typeof prototype?.handle === 'function' ? prototype : (exports as object),
      path.startsWith('express/'),
    )
  },
  adopt(application) {
    const found = application as Application
    const isExpress4 = found.lazyrouter !== undefined
    // Express 4 has it from the first route on, and throws at whoever asks for the other one.
    const router = isExpress4 ? found._router : found.router
    let owner: object | null | undefined = router
    while (owner && !Object.hasOwn(owner, 'handle')) owner = Object.getPrototypeOf(owner) as object | null
    if (owner) patchRouters(owner, isExpress4)
  },
}

interface Application {
  readonly lazyrouter?: unknown
  readonly _router?: object
  readonly router?: object
}

function patchRouters(routers: object, isExpress: boolean): void {
  if (patched.has(routers)) return
  patched.add(routers)
  wrapUse(routers)
  wrapHandle(routers, isExpress)
}

function wrapUse(routers: object): void {
  wrapMethod(
    routers,
    'use',
    (use) =>
      function (this: unknown, argument?: unknown): unknown {
        const before = (this as Router | undefined)?.stack?.length ?? 0
        const result = Reflect.apply(use, this, arguments)
        try {
          labelMounts((this as Router).stack.slice(before), mountPath(argument))
        } catch (fault) {
          guard.fault(fault)
        }
        return result
      },
  )
}

function labelMounts(layers: Layer[], value: Paths): void {
  for (const layer of layers) {
    if (!(MOUNT in layer)) Object.defineProperty(layer, MOUNT, { value })
  }
}

function wrapHandle(routers: object, isExpress: boolean): void {
  wrapMethod(
    routers,
    'handle',
    (handle) =>
      function (this: unknown, request: unknown, response: unknown, out: unknown): unknown {
        if (!guard.active || typeof out !== 'function') return Reflect.apply(handle, this, arguments)
        let dispatch: Dispatch | undefined
        let frame: Frame | undefined
        try {
          patchLayers(this as Router)
          dispatch = openDispatch(request as Request, isExpress)
          frame = dispatch?.enter(this as Router)
        } catch (fault) {
          guard.fault(fault)
        }
        if (dispatch === undefined || frame === undefined) return Reflect.apply(handle, this, arguments)
        const leave = leaving(dispatch, frame, response as ServerResponse, out)
        return Reflect.apply(handle, this, [request, response, leave])
      },
  )
}

/** The router's way out, restoring on it what was known before the router. */
function leaving(dispatch: Dispatch, frame: Frame, response: ServerResponse, out: Function): Function {
  return function (this: unknown, error?: unknown): unknown {
    try {
      dispatch.leave(frame, error, response)
    } catch (fault) {
      guard.fault(fault)
    }
    return Reflect.apply(out, this, arguments)
  }
}

/**
 * Layers have no export to patch; the first one that is about to run leads to their prototype. Making one
 * to look at would print under `DEBUG=express:*`.
 */
function patchLayers(router: Router): void {
  const [layer] = router.stack
  if (layer === undefined) return
  const prototype = Object.getPrototypeOf(layer) as object
  if (patched.has(prototype)) return
  patched.add(prototype)
  wrapMethod(
    prototype,
    'handleRequest' in prototype ? 'handleRequest' : 'handle_request',
    (handleRequest) =>
      function (this: unknown, request: unknown, response: unknown): unknown {
        if (guard.active) {
          try {
            const layer = this as MountedLayer
            // The handlers inside a route are layers with a method.
            if (layer.route !== undefined || layer[MOUNT] !== undefined || !('method' in layer)) {
              const path = layer.route === undefined ? layer[MOUNT] : layer.route.path
              dispatchOf(request as Request)?.run(layer, path, response as ServerResponse)
            }
          } catch (fault) {
            guard.fault(fault)
          }
        }
        return Reflect.apply(handleRequest, this, arguments)
      },
  )
}
