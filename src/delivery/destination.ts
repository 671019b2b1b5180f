import type { Agent, ClientRequest, OutgoingHttpHeaders, RequestOptions } from 'node:http'
import type { LookupFunction } from 'node:net'
import { urlToHttpOptions } from 'node:url'
import { builtin } from '../builtin.ts'
import type { TlsOptions } from '../types/client.ts'
import { VERSION } from '../version.ts'
import { routeConnections, type RoutedOptions } from './connect.ts'
import { checkEndpoint, shownEndpoint } from './endpoint.ts'
import { proxyFor, type Environment } from './proxy.ts'
import { secureContextFor } from './tls.ts'
import { authorizationHeader } from './tunnel.ts'
import { openRequest } from './untraced.ts'

const MAX_SOCKETS = 2

type HttpModule = typeof import('node:http')
type HttpsModule = typeof import('node:https')

export interface DestinationOptions {
  readonly endpoint: string
  readonly apiKey: string
  /** Default false. */
  readonly allowPrivateEndpoint?: boolean | undefined
  readonly caFile?: string | undefined
  readonly tlsOptions?: TlsOptions | undefined
  /** Names the proxies. Default: none. */
  readonly environment?: Environment | undefined
  /** Default: `dns.lookup`. */
  readonly lookup?: LookupFunction | undefined
}

/** The endpoint, the way to it, and what all requests to it have in common. */
export class Destination {
  readonly #agent: Agent
  readonly #options: RequestOptions
  readonly #headers: OutgoingHttpHeaders

  /** @throws When the configuration forbids every request, with the reason as the message. */
  constructor(options: DestinationOptions) {
    const { endpoint, apiKey, allowPrivateEndpoint = false, environment = {}, lookup } = options
    const verdict = checkEndpoint(endpoint, { allowPrivate: allowPrivateEndpoint })
    if (!verdict.ok) throw new Error(`${shownEndpoint(endpoint)} ${verdict.reason}`)
    const { url, reach } = verdict
    const proxy = proxyFor(url, environment)
    const secure = url.protocol === 'https:'
    // Never fetch: its first use costs 36 ms and 13 MB.
    const { Agent } = secure ? builtin<HttpsModule>('node:https') : builtin<HttpModule>('node:http')
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: MAX_SOCKETS,
      ...(secure ? trust({ ...options, environment }) : {}),
    })
    routeConnections(this.#agent, { url, reach, proxy, lookup })
    const plainProxy = secure ? undefined : proxy
    this.#options = {
      ...urlToHttpOptions(url),
      ...(plainProxy === undefined ? {} : { path: `${url.origin}${url.pathname}${url.search}` }),
    }
    this.#headers = {
      'content-type': 'application/json',
      'x-api-key': apiKey,
      'x-peekapi-sdk': `node-auto/${VERSION}`,
      'user-agent': `peekapi-auto/${VERSION}`,
      ...(plainProxy === undefined ? {} : authorizationHeader(plainProxy)),
    }
  }

  /** A POST whose body is still to be written. */
  request(batchId: string, bytes: number, abandoned: AbortSignal): ClientRequest {
    const options: RequestOptions & RoutedOptions & { readonly agent: Agent } = {
      ...this.#options,
      method: 'POST',
      agent: this.#agent,
      headers: { ...this.#headers, 'idempotency-key': batchId, 'content-length': bytes },
      abandoned,
    }
    return openRequest(options)
  }

  close(): void {
    this.#agent.destroy()
  }
}

function trust({ tlsOptions, ...options }: DestinationOptions & { environment: Environment }): object {
  const secureContext = secureContextFor({ ...options, tlsOptions })
  const servername = tlsOptions?.servername
  return {
    ...(secureContext === undefined ? {} : { secureContext }),
    ...(servername === undefined ? {} : { servername }),
  }
}
