import type { BlockList } from 'node:net'
import { builtin } from '../builtin.ts'

/** What an address is good for. Only `public` ones are reachable by everybody. */
export type AddressKind =
  | 'public'
  | 'loopback'
  | 'private'
  | 'shared'
  | 'unique-local'
  | 'translated'
  | 'mapped'
  | 'link-local'
  | 'metadata'
  | 'multicast'
  | 'unspecified'
  | 'reserved'

/** Which addresses an endpoint may have; decided once, from its URL and the configuration. */
export type Reach = 'public' | 'loopback' | 'private'

type Range = readonly [kind: AddressKind, network: string, prefix: number]

/**
 * The special-purpose registries of IANA. First match wins.
 *
 * Metadata services come first: they hand out credentials of the machine, and some sit in ranges where a
 * collector may live too (Alibaba in 100.64/10, Azure in public space, AWS, Google and Scaleway in fc00::/7).
 */
const V4_RANGES: readonly Range[] = [
  ['metadata', '100.100.100.200', 32],
  ['metadata', '168.63.129.16', 32],
  ['metadata', '169.254.169.254', 32],
  ['unspecified', '0.0.0.0', 8],
  ['private', '10.0.0.0', 8],
  ['shared', '100.64.0.0', 10],
  ['loopback', '127.0.0.0', 8],
  ['link-local', '169.254.0.0', 16],
  ['private', '172.16.0.0', 12],
  ['reserved', '192.0.0.0', 24],
  ['reserved', '192.0.2.0', 24],
  ['reserved', '192.88.99.0', 24],
  ['private', '192.168.0.0', 16],
  ['reserved', '198.18.0.0', 15],
  ['reserved', '198.51.100.0', 24],
  ['reserved', '203.0.113.0', 24],
  ['multicast', '224.0.0.0', 4],
  ['reserved', '240.0.0.0', 4],
]

/** Translators (RFC 6052): what they carry is an IPv4 address, and that is what has to be judged. */
const NAT64_PREFIX = '64:ff9b::'
const NAT64_PREFIX_BITS = 96

const V6_RANGES: readonly Range[] = [
  ['metadata', 'fd00:ec2::254', 128],
  ['metadata', 'fd20:ce::254', 128],
  ['metadata', 'fd00:42::42', 128],
  ['unspecified', '::', 128],
  ['loopback', '::1', 128],
  ['mapped', '::ffff:0:0', 96],
  // An IPv4 address that may be reached by no means stays so behind a translator.
  ...V4_RANGES.filter(([kind]) => !isForPrivateEndpoints(kind)).map(([kind, network, prefix]): Range => [
    kind,
    NAT64_PREFIX + network,
    NAT64_PREFIX_BITS + prefix,
  ]),
  ['translated', NAT64_PREFIX, NAT64_PREFIX_BITS],
  ['unique-local', 'fc00::', 7],
  ['link-local', 'fe80::', 10],
  ['multicast', 'ff00::', 8],
  // Teredo, ORCHID, benchmarks and other protocols' own; 6to4; documentation.
  ['reserved', '2001::', 23],
  ['reserved', '2001:db8::', 32],
  ['reserved', '2002::', 16],
  ['reserved', '3fff::', 20],
  // All that is allocated as global unicast. What no line names (compatible, 64:ff9b:1::/48, site-local,
  // discard-only, segment routing, space of the future) is reserved.
  ['public', '2000::', 3],
]

/** For a collector inside the cluster. Link-local, metadata, multicast and reserved space never hold one. */
function isForPrivateEndpoints(kind: AddressKind): boolean {
  return (
    kind === 'public' ||
    kind === 'loopback' ||
    kind === 'private' ||
    kind === 'shared' ||
    kind === 'unique-local' ||
    kind === 'translated'
  )
}

/** @param address An IP address in text form. `undefined` if it is none. */
export function kindOf(address: string): AddressKind | undefined {
  const { isIP } = net()
  // A zone id says through which interface, not to whom; BlockList does not know it.
  const bare = address.split('%', 1)[0]!
  switch (isIP(bare)) {
    case 4:
      return match(bare, 'ipv4') ?? 'public'
    case 6:
      return match(bare, 'ipv6') ?? 'reserved'
    default:
      return undefined
  }
}

/** Whether everybody can reach this address. Text that is no address is not public. */
export function isPublicAddress(address: string): boolean {
  return kindOf(address) === 'public'
}

/** Why an endpoint must not have this address, or undefined if it may. */
export function refusalOf(address: string, reach: Reach): string | undefined {
  const kind = kindOf(address)
  if (kind === undefined) return `${JSON.stringify(address.slice(0, MAX_SHOWN_CHARACTERS))} is no IP address`
  if (reach === 'loopback') return kind === 'loopback' ? undefined : `${address} is not a loopback address`
  if (kind === 'public') return undefined
  if (!isForPrivateEndpoints(kind)) return `${address} is a ${kind} address`
  if (reach === 'private') return undefined
  return `${address} is a ${kind} address, which only PEEKAPI_ALLOW_PRIVATE_ENDPOINT=true permits`
}

/** An IPv6 address with a zone id fits. */
const MAX_SHOWN_CHARACTERS = 64

interface CompiledRange {
  readonly kind: AddressKind
  readonly addresses: BlockList
}

const compiled: { ipv4?: readonly CompiledRange[]; ipv6?: readonly CompiledRange[] } = {}

function match(address: string, family: 'ipv4' | 'ipv6'): AddressKind | undefined {
  compiled[family] ??= compile(family === 'ipv4' ? V4_RANGES : V6_RANGES, family)
  return compiled[family].find(({ addresses }) => addresses.check(address, family))?.kind
}

/** One list for each range: a BlockList tells whether it matched, not which of its rules did. */
function compile(ranges: readonly Range[], family: 'ipv4' | 'ipv6'): readonly CompiledRange[] {
  const { BlockList } = net()
  return ranges.map(([kind, network, prefix]) => {
    const addresses = new BlockList()
    addresses.addSubnet(network, prefix, family)
    return { kind, addresses }
  })
}

function net(): typeof import('node:net') {
  return builtin<typeof import('node:net')>('node:net')
}
