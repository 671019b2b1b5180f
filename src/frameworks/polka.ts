import type { ServerResponse } from 'node:http'
import { wrapMethod } from '../wrap.ts'
import type { Path } from './express-path.ts'
import type { Framework } from './framework.ts'
import { dispatchOf, guard, openDispatch, type Application, type PolkaDispatch } from './polka-dispatch.ts'
import type { Found, Handler, Request } from './polka-dispatch.ts'

const patched = new WeakSet<object>()

/** Polka's class is not exported; the one way to its prototype is an application. */
export const polka: Framework = {
  patch(exports) {
    const create = typeof exports === 'function' ? exports : (exports as { default: Function }).default
    const prototype = Object.getPrototypeOf(Reflect.apply(create, undefined, [])) as object
    if (patched.has(prototype)) return
    patched.add(prototype)
    wrapHandler(prototype)
    // In 0.5 the method of the router is overridden.
    if (Object.hasOwn(prototype, 'add')) observeRoutes(prototype)
    else markRoutes(prototype)
  },
}

/** The dispatch whose application is about to look for a route. It does so first of all, and at once. */
let searching: PolkaDispatch | undefined

function wrapHandler(applications: object): void {
  wrapMethod(
    applications,
    'handler',
    (handler) =>
      function (this: unknown, request?: unknown, response?: unknown): unknown {
        if (guard.active) {
          try {
            searching = openDispatch(request as Request, response as ServerResponse)
            searching?.enter(this as Application)
          } catch (fault) {
            guard.fault(fault)
          }
        }
        return Reflect.apply(handler, this, arguments)
      },
  )
  wrapMethod(
    applications,
    'find',
    (find) =>
      function (this: unknown): unknown {
        const found = Reflect.apply(find, this, arguments) as Found | false
        const dispatch = searching
        searching = undefined
        if (dispatch !== undefined) {
          try {
            dispatch.found(found === false ? undefined : found, routes)
          } catch (fault) {
            guard.fault(fault)
          }
        }
        return found
      },
  )
}

/** Paths by what finds them: in 0.5 by the list of a route's handlers, in 1.0 by the marker in front of them. */
const routes = new WeakMap<object, Path>()

/** 0.5 runs one route only, and a single handler in another way than several: nothing may be added. */
function observeRoutes(applications: object): void {
  wrapMethod(
    applications,
    'add',
    (add) =>
      function (this: unknown, method?: unknown, path?: unknown): unknown {
        const result = Reflect.apply(add, this, arguments)
        try {
          const handlers = (this as Application).handlers?.[method as string]?.[path as string]
          if (handlers !== undefined) routes.set(handlers, path as Path)
        } catch (fault) {
          guard.fault(fault)
        }
        return result
      },
  )
}

/** 1.0 runs all that fits in turn, so that a handler more in front of each tells which one it is at. */
function markRoutes(applications: object): void {
  wrapMethod(
    applications,
    'add',
    (add) =>
      function (this: unknown, method?: unknown, path?: unknown, ...handlers: unknown[]): unknown {
        const marker = marking((dispatch) => dispatch.run(path as Path))
        routes.set(marker, path as Path)
        return Reflect.apply(add, this, [method, path, marker, ...handlers])
      },
  )
  wrapMethod(
    applications,
    'use',
    (use) =>
      function (this: unknown, base?: unknown, ...handlers: unknown[]): unknown {
        const isMount = (typeof base === 'string' && base !== '/') || base instanceof RegExp
        const enter = marking((dispatch) => dispatch.runMiddleware(isMount ? base : ''))
        if (typeof base !== 'string' && !isMount) return Reflect.apply(use, this, [enter, ...arguments])
        const leave = marking((dispatch) => dispatch.leaveMount())
        return Reflect.apply(
          use,
          this,
          isMount ? [base, enter, ...handlers, leave] : [base, enter, ...handlers],
        )
      },
  )
}

function marking(mark: (dispatch: PolkaDispatch) => void): Handler {
  return (request, _response, next) => {
    if (guard.active) {
      try {
        const dispatch = dispatchOf(request)
        if (dispatch !== undefined) mark(dispatch)
      } catch (fault) {
        guard.fault(fault)
      }
    }
    return next()
  }
}
