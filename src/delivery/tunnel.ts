import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import type { Socket } from 'node:net'
import { builtin } from '../builtin.ts'
import type { Proxy } from './proxy.ts'
import { addressOf, unref } from './socket.ts'
import { openRequest } from './untraced.ts'

type HttpModule = typeof import('node:http')
type HttpsModule = typeof import('node:https')

/** The proxy does not let us through: its configuration or ours, so sending again at once cannot help. */
export class ProxyRefusal extends Error {}

/** Statuses to CONNECT that speak of credentials or rules, not of the proxy's or the endpoint's health. */
const REFUSALS: ReadonlySet<number> = new Set([401, 403, 405, 407])

type Opened = (fault: Error | null, socket?: Socket) => void

/**
 * Asks a proxy for a connection to `host:port` and hands over the socket, with nothing sent through it yet.
 * The endpoint's name is looked up by the proxy.
 */
export function openTunnel(
  proxy: Proxy,
  { host, port }: { host: string; port: number },
  signal: AbortSignal | undefined,
  opened: Opened,
): void {
  const target = `${host.includes(':') ? `[${host}]` : host}:${port}`
  let done: Opened | undefined = opened
  const finish: Opened = (fault, socket) => {
    done?.(fault, socket)
    done = undefined
  }
  const request = requestTo(proxy, {
    method: 'CONNECT',
    path: target,
    headers: { ...authorizationHeader(proxy), host: target, connection: 'keep-alive' },
    ...(signal === undefined ? {} : { signal }),
  })
  request.on('socket', unref)
  request.on('connect', (response: IncomingMessage, socket: Socket, head: Uint8Array) => {
    const { statusCode = 0 } = response
    if (statusCode >= 200 && statusCode < 300 && head.byteLength === 0) return finish(null, socket)
    socket.destroy()
    const fault = `the proxy answered ${statusCode} to CONNECT`
    finish(REFUSALS.has(statusCode) ? new ProxyRefusal(fault) : new Error(fault))
  })
  request.on('error', (fault) => finish(fault))
  request.on('close', () => finish(new Error('the proxy closed the connection without an answer')))
  request.end()
}

/** A connection of its own: once it is a tunnel, it belongs to the endpoint's agent. */
function requestTo({ url }: Proxy, options: RequestOptions): ClientRequest {
  const { Agent } =
    url.protocol === 'https:' ? builtin<HttpsModule>('node:https') : builtin<HttpModule>('node:http')
  return openRequest({ ...options, ...addressOf(url), protocol: url.protocol, agent: new Agent() })
}

export function authorizationHeader({ authorization }: Proxy): Record<string, string> {
  return authorization === undefined ? {} : { 'proxy-authorization': authorization }
}
