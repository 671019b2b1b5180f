import type { Exchange } from '../capture/exchange.ts'
import { addOperationTo } from '../capture/operation.ts'
import { pathnameOf } from '../capture/paths.ts'
import { addRouteSource, KnownRoute, type RouteSource } from '../capture/route.ts'
import { Guard } from '../guard.ts'
import type { Framework } from './framework.ts'

const guard = new Guard('trpc procedures')

/**
 * No router to patch: tRPC's files have a hash in their names, and the functions of an ES module cannot be replaced. But
 * every answer of it says so, in every host, and the procedure stands in the URL.
 */
export const trpc: Framework = {
  recognize(exchange) {
    if (!guard.active) return
    try {
      if (isAnswer(exchange)) tell(exchange)
    } catch (fault) {
      guard.fault(fault)
    }
  },
}

const OWN_HEADER = 'trpc-accept'

/** In `vary` only: permissions for other origins name the header as well. */
function isAnswer(exchange: Exchange): boolean {
  const { method } = exchange
  return (
    (method === 'GET' || method === 'POST') &&
    exchange.maySay(OWN_HEADER) &&
    exchange.sentHeader('vary')?.includes(OWN_HEADER) === true
  )
}

function tell(exchange: Exchange): void {
  const segments = pathnameOf(exchange.url).split('/')
  const mount = mountOf(exchange.route) ?? segments.slice(0, firstSegment(segments)).join('/')
  const procedures = decoded(segments.slice(mount.split('/').length).join('/'))
  // No such procedure: the name is the client's own. A batch that has others as well is answered with 207.
  const isKnown = exchange.status !== 404
  const template = `${mount}/${procedures.includes(',') ? '{batch}' : procedures}`
  addRouteSource(exchange, new KnownRoute('trpc', isKnown ? template : undefined))
  if (isKnown) addOperationTo(exchange, procedures)
}

/** What the host has tRPC mounted on: the route without its last segment, which stands for the procedure. */
function mountOf(host: RouteSource | undefined): string | undefined {
  const template = host?.template()
  const mount = template === undefined ? host?.mount?.() : template.slice(0, template.lastIndexOf('/'))
  // Optional parts and wildcards do not tell how many segments they took.
  return mount === undefined || /[*?({[]/.test(mount) ? undefined : mount
}

/** Without a host that knows: the last segment is the procedure, or the one with the first comma begins a batch. */
function firstSegment(segments: readonly string[]): number {
  const batch = segments.findIndex((segment) => /,|%2C/i.test(segment))
  return batch === -1 ? segments.length - 1 : batch
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
