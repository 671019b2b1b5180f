import { pathnameOf } from './paths.ts'

/** Whether a path, without its query, is to be left out. */
export type PathTest = (pathname: string) => boolean

/**
 * Compiles the globs of PEEKAPI_IGNORE_PATHS. `*` stands for any text within a segment, `**` for any segments;
 * a last segment `*` takes everything below, however deep. Letters' case counts, and the path is compared as it came,
 * percent signs and all. The time for a path grows with its length alone.
 */
export function ignoredPaths(globs: readonly string[]): PathTest {
  const exact = new Set<string>()
  const tests: PathTest[] = []
  for (const glob of globs) {
    const rooted = /^(?:\/|\*\*)/.test(glob) ? glob : `/${glob}`
    const below = /^([^*]*\/)\*{1,2}$/.exec(rooted)?.[1]
    if (!rooted.includes('*')) exact.add(rooted)
    else if (below !== undefined) tests.push((pathname) => pathname.startsWith(below))
    else tests.push(segmentsTest(rooted))
  }
  return (pathname) => exact.has(pathname) || tests.some((test) => test(pathname))
}

/** Set on requests that are left out: one that is emitted again on another server still is one request. */
const IGNORED: unique symbol = Symbol.for('peekapi.ignored') as never

interface Target {
  readonly url?: string | undefined
  [IGNORED]?: true
}

/** Whether a request is to be left out; asked before an exchange is opened for it. */
export type RequestTest = (request: Target) => boolean

/** @param count Called once for each request that is left out. */
export function ignoredRequests(globs: readonly string[], count: () => void): RequestTest {
  if (globs.length === 0) return () => false
  const isIgnored = ignoredPaths(globs)
  return (request) => {
    if (request[IGNORED] === true) return true
    if (!isIgnored(pathnameOf(request.url ?? ''))) return false
    request[IGNORED] = true
    count()
    return true
  }
}

/** Any text between two empty ones. */
const ANY_SEGMENT: readonly string[] = ['', '']

/**
 * Matches a glob segment by segment. On a mismatch only the latest `**` takes one segment more: an earlier one
 * taking more could not help, so the steps are at most the path's segments times those of the glob.
 */
function segmentsTest(glob: string): PathTest {
  const globs = glob.split('/')
  const wanted: Array<readonly string[] | undefined> = globs.map((segment) =>
    segment === '**' ? undefined : segment.split(/\*+/),
  )
  if (globs.at(-1) === '*' || globs.at(-1) === '**') wanted.splice(-1, 1, undefined, ANY_SEGMENT)
  return (pathname) => {
    const segments = pathname.split('/')
    let want = 0
    let at = 0
    let afterStar = -1
    let starTook = 0
    while (at < segments.length) {
      const parts = wanted[want]
      if (parts !== undefined && matches(segments[at]!, parts)) {
        want++
        at++
      } else if (parts === undefined && want < wanted.length) {
        afterStar = ++want
        starTook = at
      } else if (afterStar !== -1) {
        want = afterStar
        at = ++starTook
      } else {
        return false
      }
    }
    return want === wanted.length
  }
}

/** Whether a segment consists of these parts in this order, with any text between them. */
function matches(segment: string, parts: readonly string[]): boolean {
  const first = parts[0]!
  if (parts.length === 1) return segment === first
  const last = parts.at(-1)!
  if (segment.length < first.length + last.length) return false
  if (!segment.startsWith(first) || !segment.endsWith(last)) return false
  let at = first.length
  const end = segment.length - last.length
  for (let i = 1; i < parts.length - 1; i++) {
    const found = segment.indexOf(parts[i]!, at)
    if (found === -1 || found + parts[i]!.length > end) return false
    at = found + parts[i]!.length
  }
  return true
}
