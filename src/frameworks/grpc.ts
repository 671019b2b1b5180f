import type { Exchange } from '../capture/exchange.ts'
import { pathnameOf } from '../capture/paths.ts'
import { addRouteSource, KnownRoute } from '../capture/route.ts'
import { Guard } from '../guard.ts'
import type { Framework } from './framework.ts'

const guard = new Guard('remote procedures')

/** `application/grpc`, `application/grpc+proto`, `application/grpc-web-text` … */
const GRPC = /^application\/grpc\b/
/** Streams; requests that are not streamed are told by a header, or by their query. */
const CONNECT = /^application\/(?:connect\+|proto\b)/
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
  return isConnect ? 'connect-rpc' : undefined
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
  const mount = exchange.route?.mount?.() ?? prefix
  addRouteSource(exchange, new KnownRoute(framework, isKnown ? `${mount}${procedure}` : undefined))
}
