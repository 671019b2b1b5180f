import { DistinctPaths } from '../capture/distinct.ts'
import type { Exchange } from '../capture/exchange.ts'
import { pathnameOf } from '../capture/paths.ts'
import { addRouteSource, KnownRoute } from '../capture/route.ts'
import { Guard } from '../guard.ts'
import type { Framework } from './framework.ts'

const guard = new Guard('remote procedures')

/** More than any process serves. Others are like any request. */
const MAX_PROCEDURES = 1000
const procedures = new DistinctPaths(MAX_PROCEDURES, Number.POSITIVE_INFINITY, () => performance.now())

/** `application/grpc`, `application/grpc+proto`, `application/grpc-web-text` … */
const GRPC = /^application\/grpc\b/
/** Streams; requests that are not streamed are told by a header, or by their query. */
const CONNECT = /^application\/(?:connect\+|proto\b)/
/** Errors are plain JSON. Others mostly name the character set. */
const CONNECT_ANSWER = /^application\/(?:connect\+\w+|proto|json)$/
/** `/package.Service/Method`, below whatever it is mounted on. */
const PROCEDURE = /^(.*)(\/[A-Za-z_]\w*(?:\.\w+)+\/[A-Za-z_]\w*)$/

/** gRPC's status of a method that the server does not have. */
const UNIMPLEMENTED = '12'

/**
 * Servers of gRPC and Connect, told by the protocol they speak: the procedure is the URL. Nothing is patched, and no
 * library has to be known.
 */
export const grpc: Framework = {
  recognize(exchange) {
    if (!guard.active) return
    try {
      const framework = protocolOf(exchange)
      if (framework !== undefined) tell(exchange, framework)
    } catch (fault) {
      guard.fault(fault)
    }
  },
}

function protocolOf(exchange: Exchange): 'grpc' | 'connect-rpc' | undefined {
  const { headers } = exchange.request
  const type = headers['content-type'] ?? ''
  if (GRPC.test(type)) return answersGrpc(exchange) ? 'grpc' : undefined
  const isConnect =
    CONNECT.test(type) ||
    headers['connect-protocol-version'] !== undefined ||
    (exchange.method === 'GET' && /[?&]connect=v1(?:&|$)/.test(exchange.url))
  return isConnect && CONNECT_ANSWER.test(exchange.sentHeader('content-type') ?? '')
    ? 'connect-rpc'
    : undefined
}

/** The request's type is the client's own word. @grpc/grpc-js gives refusals a status, but not always a type. */
function answersGrpc(exchange: Exchange): boolean {
  return (
    GRPC.test(exchange.sentHeader('content-type') ?? '') || exchange.sentHeader('grpc-status') !== undefined
  )
}

function tell(exchange: Exchange, framework: 'grpc' | 'connect-rpc'): void {
  const [, prefix, procedure] = PROCEDURE.exec(pathnameOf(exchange.url)) ?? []
  // Where a route answered, as under Fastify, it is the procedure's own.
  if (procedure === undefined || exchange.route?.template() !== undefined) return
  const status = exchange.sentTrailer('grpc-status') ?? exchange.sentHeader('grpc-status')
  if (framework === 'grpc' && status !== undefined) exchange.details = { grpc_status: Number(status) }
  const isKnown = exchange.status !== 404 && status !== UNIMPLEMENTED
  const template = isKnown ? `${exchange.route?.mount?.() ?? prefix}${procedure}` : undefined
  // The path is the client's own word, where middleware answers JSON to everything.
  if (template !== undefined && !procedures.admits(template)) return
  addRouteSource(exchange, new KnownRoute(framework, template))
}
