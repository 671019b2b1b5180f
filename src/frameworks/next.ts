import type { Exchange } from '../capture/exchange.ts'
import { addRouteSource, KnownRoute } from '../capture/route.ts'
import { Guard } from '../guard.ts'
import { joinPath } from './express-path.ts'
import type { Framework } from './framework.ts'

/** What Next keeps on each request that it handles, as far as it is read here. */
interface Meta {
  /** The file that renders the answer. */
  readonly match?: { readonly definition?: { readonly pathname?: string }; readonly params?: Params | null }
  /** The file that the URL leads to; empty if middleware answered. */
  readonly invokeOutput?: string
  /** What Next looked up, after rewrites: base path, locale and path. */
  readonly invokePath?: string
  readonly invokeQuery?: { readonly __nextLocale?: string }
  /** In the pages directory; before 15.2 it is in the query. */
  readonly locale?: string
  /** Which of the applications in this process; from 15.5 on. */
  readonly relativeProjectDir?: string
}

type Params = Readonly<Record<string, string | readonly string[] | undefined>>

const META: unique symbol = Symbol.for('NextInternalRequestMeta') as never

/** Where Next keeps what it knows of the applications in this process, from 15.4 on. */
const APPLICATIONS: unique symbol = Symbol.for('@next/router-server-methods') as never

interface Global {
  readonly [APPLICATIONS]?: Readonly<
    Record<string, { readonly nextConfig?: { readonly basePath?: string } } | undefined>
  >
}

const guard = new Guard('next routes')

/** The route stays on the request, in bundles and standalone output too, so nothing of Next is patched. */
export const next: Framework = {
  recognize(exchange) {
    if (!guard.active) return
    try {
      const meta = (exchange.request as { readonly [META]?: Meta })[META]
      if (meta !== undefined) addRouteSource(exchange, new KnownRoute('next', templateOf(meta, exchange)))
    } catch (fault) {
      guard.fault(fault)
    }
  },
}

/** Pages that Next answers with when there is no other. */
const ERROR_PAGE = /^\/(?:_not-found|_error|_global-error|404|500)$/

function templateOf(meta: Meta, exchange: Exchange): string | undefined {
  const route = [meta.match?.definition?.pathname, meta.invokeOutput].find(
    // Where a page fails, the page that says so takes the place of the match.
    (path) => path !== undefined && path !== '' && !ERROR_PAGE.test(path),
  )
  if (route === undefined) return undefined
  return joinPath((exchange.route?.mount?.() ?? '') + basePathOf(meta, route), route)
}

function basePathOf(meta: Meta, route: string): string {
  const { relativeProjectDir } = meta
  const application =
    relativeProjectDir === undefined ? undefined : (globalThis as Global)[APPLICATIONS]?.[relativeProjectDir]
  return application?.nextConfig?.basePath ?? prefixOf(meta, route)
}

/** Before 15.5: what stands in front of the route's own segments, but for the locale, which no file is named after. */
function prefixOf({ invokePath = '', invokeQuery, locale, match }: Meta, route: string): string {
  // The error page, which is looked up without any of it.
  if (ERROR_PAGE.test(invokePath)) return ''
  const looked = segmentsOf(invokePath)
  const own = segmentsOf(route).reduce((sum, segment) => sum + lengthOf(segment, match?.params ?? {}), 0)
  const prefix = looked.slice(0, Math.max(0, looked.length - own))
  if (prefix.length > 0 && prefix.at(-1) === (locale ?? invokeQuery?.__nextLocale)) prefix.pop()
  return prefix.map((segment) => `/${segment}`).join('')
}

function segmentsOf(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '')
}

/** `[...all]` and `[[...all]]` take as many segments as their parameter has. */
function lengthOf(segment: string, params: Params): number {
  const name = /^\[{1,2}\.{3}(.+?)\]{1,2}$/.exec(segment)?.[1]
  return name === undefined ? 1 : (params[name]?.length ?? 0)
}
