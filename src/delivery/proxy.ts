import { builtin } from '../builtin.ts'
import { addressIn } from './endpoint.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** The proxy between this process and the endpoint. */
export interface Proxy {
  readonly url: URL
  /** Value of `proxy-authorization`, from the credentials in the proxy's URL. */
  readonly authorization: string | undefined
}

export class UnusableProxy extends Error {}

/**
 * The proxy that the environment names for an endpoint, as curl reads it: `https_proxy` and `http_proxy` by the
 * endpoint's scheme, upper case too, and `no_proxy` against it. The loopback hosts mean this machine, never the
 * proxy's.
 *
 * @throws UnusableProxy when the environment names one that cannot be used: going around it would break
 * the rule of the network that it stands for.
 */
export function proxyFor(endpoint: URL, environment: Environment): Proxy | undefined {
  if (isLoopback(endpoint.hostname)) return undefined
  const scheme = endpoint.protocol.slice(0, -1)
  const given = read(environment, `${scheme}_proxy`)
  if (given === undefined || bypasses(endpoint, read(environment, 'no_proxy') ?? '')) return undefined
  return parse(given, `${scheme.toUpperCase()}_PROXY`)
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}

function read(environment: Environment, name: string): string | undefined {
  const lower = environment[name]?.trim()
  if (lower) return lower
  // Under CGI `HTTP_PROXY` is the request header `Proxy`, for any client to set (httpoxy).
  if (name === 'http_proxy' && environment['REQUEST_METHOD'] !== undefined) return undefined
  return environment[name.toUpperCase()]?.trim() || undefined
}

function parse(given: string, name: string): Proxy {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(given) ? given : `http://${given}`
  // Never quoted: a proxy's URL is where its password stands.
  if (!URL.canParse(text)) throw new UnusableProxy(`${name} is not a URL`)
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new UnusableProxy(`${name} names a ${url.protocol}// proxy; http and https ones can be used`)
  return { url, authorization: authorizationOf(url) }
}

function authorizationOf({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined
  const credentials = `${decoded(username)}:${decoded(password)}`
  return `Basic ${Buffer.from(credentials).toString('base64')}`
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'https:': '443', 'http:': '80' }

/** Items are separated by commas or blanks: `*`, a host and all below it, an address, a subnet; with or without port. */
function bypasses(endpoint: URL, noProxy: string): boolean {
  const port = endpoint.port || DEFAULT_PORTS[endpoint.protocol]!
  const host = endpoint.hostname.replace(/\.$/, '')
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .some((item) => item !== '' && matches(item, host, port))
}

function matches(item: string, host: string, port: string): boolean {
  if (item === '*') return true
  // Without brackets an IPv6 address has no port: its last group would be taken for one.
  const [, bracketed, plain, itemPort] = /^(?:\[(.*)\]|([^:]*))(?::(\d+))?$/.exec(item) ?? []
  if (itemPort !== undefined && itemPort !== port) return false
  const name = bracketed ?? plain ?? item
  const address = addressIn(host)
  if (address !== undefined) return matchesAddress(name, address)
  const suffix = name.replace(/^\*?\.|\.$/g, '')
  return suffix !== '' && (host === suffix || host.endsWith(`.${suffix}`))
}

/** A single address is the subnet of its full length: so other spellings of it match too. */
function matchesAddress(subnet: string, address: string): boolean {
  const { BlockList, isIP } = builtin<typeof import('node:net')>('node:net')
  const [network = '', prefix] = subnet.split('/', 2)
  const family = isIP(network)
  if (family === 0 || family !== isIP(address)) return false
  const bits = prefix === undefined ? (family === 4 ? 32 : 128) : Number(prefix)
  if (!Number.isInteger(bits) || bits < 0 || bits > (family === 4 ? 32 : 128)) return false
  const type = family === 4 ? 'ipv4' : 'ipv6'
  const addresses = new BlockList()
  addresses.addSubnet(network, bits, type)
  return addresses.check(address, type)
}
