import type { ConsumerSource } from '../config/consumer-sources.ts'
import type { RequestHead } from './exchange.ts'
import { hashed } from './hash.ts'
import { certificateName } from './peer.ts'
import { rawHeader } from './raw-headers.ts'

/** `X-API-Key` as it is, else `Authorization` hashed, else nothing. */
export function defaultConsumer(request: RequestHead): string | undefined {
  const apiKey = rawHeader(request, 'x-api-key')
  if (apiKey) return apiKey
  const authorization = rawHeader(request, 'authorization')
  return authorization ? hashed(authorization) : undefined
}

/**
 * The first source that yields, else the default rule; `none` ends the search.
 * Nothing here is verified: the application does that, and what it refuses is an event too.
 */
export function consumerBySources(
  request: RequestHead,
  sources: readonly ConsumerSource[],
): string | undefined {
  for (const source of sources) {
    if (source.from === 'none') return undefined
    const found = consumerFrom(request, source)
    if (found) return found
  }
  return defaultConsumer(request)
}

function consumerFrom(
  request: RequestHead,
  source: Exclude<ConsumerSource, { from: 'none' }>,
): string | undefined {
  switch (source.from) {
    case 'header': {
      const value = rawHeader(request, source.name)
      return value && source.hashed ? hashed(value) : value
    }
    case 'basic':
      return basicUser(rawHeader(request, 'authorization'))
    case 'jwt':
      return jwtClaim(rawHeader(request, 'authorization'), source.claim)
    case 'cookie': {
      const value = cookie(rawHeader(request, 'cookie'), source.name)
      return value ? hashed(value) : undefined
    }
    case 'mtls':
      return certificateName(request.socket)
  }
}

function basicUser(authorization: string | undefined): string | undefined {
  const [, encoded] = /^basic +([\w+/=-]+) *$/i.exec(authorization ?? '') ?? []
  if (encoded === undefined) return undefined
  const credentials = Buffer.from(encoded, 'base64').toString()
  const colon = credentials.indexOf(':')
  return colon === -1 ? undefined : credentials.slice(0, colon)
}

function jwtClaim(authorization: string | undefined, claim: string): string | undefined {
  const [, payload] = /^bearer +[\w-]+\.([\w-]+)\.[\w-]* *$/i.exec(authorization ?? '') ?? []
  if (payload === undefined) return undefined
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString())
    if (typeof claims !== 'object' || claims === null || !Object.hasOwn(claims, claim)) return undefined
    const value = (claims as Record<string, unknown>)[claim]
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
  } catch {
    // Three dotted parts, and yet no JSON Web Token.
    return undefined
  }
}

function cookie(header: string | undefined, name: string): string | undefined {
  for (const pair of header?.split(';') ?? []) {
    const equals = pair.indexOf('=')
    if (equals !== -1 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim()
  }
  return undefined
}
