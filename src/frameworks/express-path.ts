import { pathnameOf } from '../capture/paths.ts'

/** A path as the developer wrote it. */
export type Path = string | RegExp
/** Express also takes lists of them, nested at will. */
export type Paths = Path | readonly Paths[]

/** What is read of a router's layer: one entry of its stack. */
export interface Layer {
  readonly route?: Route | undefined
  readonly handle: (...args: unknown[]) => unknown
}

export interface Route {
  readonly path: Paths
}

export interface Router {
  readonly stack: Layer[]
  readonly caseSensitive?: boolean
  readonly strict?: boolean
}

/** A layer of one path only, made the way the router makes its own. */
interface Alternative {
  readonly path: Path
  /** True or, from router 2.3 on, an object if the path fits. */
  match(pathname: string): unknown
}

type LayerConstructor = new (
  path: Path,
  options: { sensitive: boolean | undefined; strict: boolean | undefined; end: boolean },
  handle: () => void,
) => Omit<Alternative, 'path'>

/** The path that `use(path, …handlers)` mounts on; handlers alone are mounted on the root. */
export function mountPath(argument: unknown): Paths {
  let first = argument
  while (Array.isArray(first) && first.length > 0) first = first[0]
  return typeof first === 'function' ? '/' : (argument as Paths)
}

/** A path below the template of what it is mounted on. Regular expressions bring a slash of their own when printed. */
export function joinPath(base: string, path: Path): string {
  const text = String(path)
  if (base === '') return text
  if (text === '' || text === '/') return base
  const mount = base.endsWith('/') && text.startsWith('/') ? base.slice(0, -1) : base
  // Only `*` matches without a slash in front.
  return text.startsWith('/') || text.startsWith('{') ? mount + text : `${mount}/${text}`
}

/**
 * Which of a layer's paths the request came by. Neither router tells, so each path of a list is compiled
 * alone, by the layer's own class: with the router's options it fits exactly when the list fits by it.
 *
 * @param url Relative to the router, as `request.url` is in there.
 */
export function pathTaken(layer: Layer, paths: Paths, router: Router, url: string): Path {
  if (!Array.isArray(paths)) return paths as Path
  let found = compiled.get(layer)
  if (found === undefined) {
    found = alternatives(layer, paths.flat(Number.POSITIVE_INFINITY) as Path[], router)
    compiled.set(layer, found)
  }
  const pathname = pathnameOf(url)
  return (found.find((alternative) => alternative.match(pathname)) ?? found[0]!).path
}

const compiled = new WeakMap<Layer, readonly Alternative[]>()

function alternatives(layer: Layer, paths: readonly Path[], router: Router): Alternative[] {
  const Layer = layer.constructor as LayerConstructor
  const isRoute = layer.route !== undefined
  const options = {
    sensitive: router.caseSensitive,
    strict: isRoute ? router.strict : false,
    end: isRoute,
  }
  return paths.map((path) => {
    const single = new Layer(path, options, () => {})
    return { path, match: (pathname) => single.match(pathname) }
  })
}
