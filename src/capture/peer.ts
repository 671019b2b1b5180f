import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

/** Parsing a certificate costs 50 µs and gives the same for every request of a connection. */
const names = new WeakMap<object, string | undefined>()

/**
 * The common name in the client's certificate, if the server verified that certificate.
 * First asked when a request arrives: when an aborted one is over, its socket has forgotten the certificate.
 */
export function certificateName(socket: Socket | TLSSocket): string | undefined {
  if (names.has(socket)) return names.get(socket)
  const name = readName(socket)
  names.set(socket, name)
  return name
}

function readName(socket: Socket | TLSSocket): string | undefined {
  // Without this anybody could sign a certificate with any name.
  // Asked without `in`: the stand-in that HTTP/2 has for its socket knows its properties only by reading them.
  if ((socket as TLSSocket).authorized !== true) return undefined
  const name: unknown = (socket as TLSSocket).getPeerCertificate?.()?.subject?.CN
  // A subject can hold several.
  return Array.isArray(name) ? String(name[0]) : (name as string | undefined)
}
