import type { Agent, ClientRequestArgs } from 'node:http'
import type { LookupFunction, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { builtin } from '../builtin.ts'
import { refusalOf, type Reach } from './address.ts'
import type { Proxy } from './proxy.ts'
import { addressOf, unref } from './socket.ts'
import { openTunnel } from './tunnel.ts'

type Dns = typeof import('node:dns')

/** The endpoint has an address that it must not have. */
export class RefusedAddress extends Error {}

export interface Route {
  /** Parsed and checked. */
  readonly url: URL
  readonly reach: Reach
  readonly proxy: Proxy | undefined
  /** Default: `dns.lookup`. */
  readonly lookup?: LookupFunction | undefined
}

type Connect = Agent['createConnection']

/** Options of a request that goes through a routed agent. */
export interface RoutedOptions {
  /** Nobody waits any more. Not `signal`: Node takes that out before the agent sees it. */
  readonly abandoned: AbortSignal
}

/**
 * Makes an agent connect by the endpoint rules. Its own way of connecting stays in use, so that TLS (names,
 * certificates, session resumption) and pooling are Node's.
 */
export function routeConnections(agent: Agent, route: Route): void {
  const connect: Connect = agent.createConnection.bind(agent)
  agent.createConnection = (options, callback) => {
    const { proxy, url } = route
    if (proxy === undefined) return connectDirectly(connect, options, route)
    if (url.protocol === 'http:') return connectToProxy(proxy)
    const { abandoned } = options as Partial<RoutedOptions>
    openTunnel(proxy, addressOf(url), abandoned, (fault, socket) => {
      if (fault === null) callback?.(null, connect({ ...options, socket } as ClientRequestArgs)!)
      else (callback as (fault: Error) => void)(fault)
    })
    return undefined
  }
}

function connectDirectly(connect: Connect, options: ClientRequestArgs, { reach, lookup }: Route): Duplex {
  const socket = connect({ ...options, lookup: guardedLookup(reach, lookup) }) as Socket
  // First in line: nothing may be written before the check, not even a TLS greeting.
  socket.prependOnceListener('connect', () => checkPeer(socket, reach))
  unref(socket)
  return socket
}

/** Plain http through a proxy: the proxy is told the whole URL in the request. */
function connectToProxy({ url }: Proxy): Duplex {
  const socket =
    url.protocol === 'https:'
      ? builtin<typeof import('node:tls')>('node:tls').connect(addressOf(url))
      : builtin<typeof import('node:net')>('node:net').connect(addressOf(url))
  unref(socket)
  return socket
}

/**
 * The address that the socket really has. Literal addresses are never looked up; and between a lookup and
 * its socket stands whatever else has patched `net`.
 */
function checkPeer(socket: Socket, reach: Reach): void {
  // No address: the peer has gone already, which the socket reports by itself.
  const refusal = socket.remoteAddress === undefined ? undefined : refusalOf(socket.remoteAddress, reach)
  if (refusal !== undefined) socket.destroy(new RefusedAddress(`connected, but ${refusal}`))
}

/**
 * A lookup that yields only names of which every address may be reached. Always asks for all of them; answers
 * in the shape it was asked for, with `all: true` (what Node does since version 20) or without.
 */
export function guardedLookup(reach: Reach, lookup?: LookupFunction): LookupFunction {
  return (hostname, options, callback) => {
    const resolve = lookup ?? (builtin<Dns>('node:dns').lookup as LookupFunction)
    resolve(hostname, { ...options, all: true }, (fault, found, family) => {
      if (fault) return callback(fault, '')
      // A patched dns.lookup may not honour `all`.
      const addresses = Array.isArray(found)
        ? found.map((entry) => ({ ...entry }))
        : [{ address: found, family: family! }]
      const first = addresses[0]
      if (first === undefined) return callback(notFound(hostname), '')
      for (const { address } of addresses) {
        const refusal = refusalOf(address, reach)
        if (refusal !== undefined)
          return callback(new RefusedAddress(`${hostname} resolves to ${address}; ${refusal}`), '')
      }
      if (options.all === true) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }
}

function notFound(hostname: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), { code: 'ENOTFOUND', hostname })
}
