import { refusalOf, type Reach } from './address.ts'

export interface EndpointPolicy {
  /** `PEEKAPI_ALLOW_PRIVATE_ENDPOINT`. */
  readonly allowPrivate: boolean
}

export type EndpointVerdict =
  /** `reach` judges the addresses that the host turns out to have. */
  | { readonly ok: true; readonly url: URL; readonly reach: Reach }
  /** The reason completes a sentence that begins with the endpoint. */
  | { readonly ok: false; readonly reason: string }

/** A collector on this very machine; the only hosts that plain http and loopback addresses are for. */
const LOCAL_HOSTS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/**
 * What can be told about an endpoint before its name is looked up. WHATWG URL has then turned every other
 * spelling of an address (decimal, octal, hexadecimal, shortened, full-width) into the usual one.
 * Hosts that merely look like an address (`10.example.com`, `fdcollector.example.com`) are names.
 */
export function checkEndpoint(endpoint: string, { allowPrivate }: EndpointPolicy): EndpointVerdict {
  if (!URL.canParse(endpoint)) return { ok: false, reason: 'is not an absolute URL' }
  const url = new URL(endpoint)
  const { protocol, hostname, username, password } = url
  if (protocol !== 'https:' && protocol !== 'http:')
    return { ok: false, reason: 'is not an https or http URL' }
  // Node 20.6 parses hosts such as `①⓪.0.0.1` to nothing, which a request would take for localhost.
  if (hostname === '') return { ok: false, reason: 'names no host' }
  if (username !== '' || password !== '')
    return { ok: false, reason: 'holds credentials; remove them from the URL' }
  const local = LOCAL_HOSTS.has(hostname)
  if (protocol === 'http:' && !local && !allowPrivate) return { ok: false, reason: PLAIN_HTTP }
  const reach = local ? 'loopback' : allowPrivate ? 'private' : 'public'
  const literal = addressIn(hostname)
  const refusal = literal === undefined ? undefined : refusalOf(literal, reach)
  return refusal === undefined ? { ok: true, url, reach } : { ok: false, reason: `is refused: ${refusal}` }
}

const PLAIN_HTTP =
  'would send the API key in the clear: use https (plain http is for localhost, 127.0.0.1 and ::1, or, with PEEKAPI_ALLOW_PRIVATE_ENDPOINT=true, for a collector inside the cluster)'

/** The address that a parsed URL's host is, if it is one. Only IPv4 addresses end in a number there. */
export function addressIn(hostname: string): string | undefined {
  if (hostname.startsWith('[')) return hostname.slice(1, -1)
  return /(^|\.)\d+$/.test(hostname) ? hostname : undefined
}

/** 80: enough to recognise it. */
const MAX_SHOWN_CHARACTERS = 80

/** The endpoint as messages may show it: neither its credentials nor its query, where tokens are put. */
export function shownEndpoint(endpoint: string): string {
  return endpoint
    .replace(/[?#].*$/s, '')
    .replace(/^([a-z]+:\/\/)?.*@/is, '$1***@')
    .slice(0, MAX_SHOWN_CHARACTERS)
}
