import { cut, MAX_PATH_CHARACTERS } from '../limits.ts'
import { DistinctPaths } from './distinct.ts'
import { normalizePath } from './normalize.ts'
import { sortedQuery } from './query.ts'

/** A scanner tries thousands of paths; none of them is anybody's endpoint. */
const MAX_UNMATCHED_PATHS_PER_HOUR = 100
const HOUR_MS = 3_600_000
/** Word ids (`/users/jane`) look like routes to the normaliser; this many routes nobody writes by hand. */
const MAX_UNROUTED_PATHS = 1000

/** Statuses that scanners and mistyped URLs earn when no route stands behind them. */
export const UNMATCHED_STATUSES: ReadonlySet<number> = new Set([400, 404, 405, 414])

/**
 * The path to report.
 *
 * @param url As it was when the request arrived.
 * @param template Of the framework's route, if there is one.
 */
export type PathNaming = (url: string, template: string | undefined, status: number) => string

export interface PathOptions {
  readonly normalizePaths: boolean
  readonly collectQueryString: boolean
}

export function pathNaming(
  { normalizePaths, collectQueryString }: PathOptions,
  now: () => number = () => performance.now(),
): PathNaming {
  const unmatched = new DistinctPaths(MAX_UNMATCHED_PATHS_PER_HOUR, HOUR_MS, now)
  const unrouted = new DistinctPaths(MAX_UNROUTED_PATHS, Number.POSITIVE_INFINITY, now)
  return (url, template, status) => {
    let path = template
    if (path === undefined) {
      const pathname = pathnameOf(url)
      path = cut(normalizePaths ? normalizePath(pathname) : pathname, MAX_PATH_CHARACTERS)
      if (UNMATCHED_STATUSES.has(status)) {
        if (!unmatched.admits(path)) return '(unmatched)'
      } else if (!unrouted.admits(path)) {
        return '(other)'
      }
    }
    return cut(collectQueryString ? path + sortedQuery(url) : path, MAX_PATH_CHARACTERS)
  }
}

const SLASH = 47
const ORIGIN = /^[a-z][a-z\d+.-]*:\/\/[^/]*/i

/**
 * The path of a request target: no query, no fragment, and no origin where a client of a proxy sent one.
 * `*` (of OPTIONS) and `host:port` (of CONNECT) are what they are.
 */
export function pathnameOf(url: string): string {
  const query = url.indexOf('?')
  const beforeQuery = query === -1 ? url : url.slice(0, query)
  const fragment = beforeQuery.indexOf('#')
  const path = fragment === -1 ? beforeQuery : beforeQuery.slice(0, fragment)
  if (path.charCodeAt(0) === SLASH) return path
  return path.replace(ORIGIN, '') || '/'
}
