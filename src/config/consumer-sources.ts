import { list, UnusableValue } from './values.ts'

/** Where a consumer's name may be found in a request. */
export type ConsumerSource =
  | { readonly from: 'header'; readonly name: string; readonly hashed: boolean }
  | { readonly from: 'basic' }
  | { readonly from: 'jwt'; readonly claim: string }
  | { readonly from: 'cookie'; readonly name: string }
  | { readonly from: 'mtls' }
  | { readonly from: 'none' }

const GRAMMAR = 'header:<name>, hash:header:<name>, basic:user, jwt:<claim>, cookie:<name>, mtls:cn and none'

/** Names of headers and cookies: RFC 9110's token. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/

export function consumerSources(value: string): readonly ConsumerSource[] {
  return list(value).map((source) => {
    const parsed = parse(source)
    if (parsed === undefined) {
      throw new UnusableValue(`names the unknown source "${source}"; known are ${GRAMMAR}`)
    }
    return parsed
  })
}

function parse(source: string): ConsumerSource | undefined {
  const lower = source.toLowerCase()
  if (lower === 'none') return { from: 'none' }
  if (lower === 'basic:user') return { from: 'basic' }
  if (lower === 'mtls:cn') return { from: 'mtls' }
  const [, kind, argument] = /^(hash:header|header|jwt|cookie):(.+)$/i.exec(source) ?? []
  if (kind === undefined || argument === undefined) return undefined
  if (kind.toLowerCase() === 'jwt') return { from: 'jwt', claim: argument }
  if (!TOKEN.test(argument)) return undefined
  if (kind.toLowerCase() === 'cookie') return { from: 'cookie', name: argument }
  return { from: 'header', name: argument.toLowerCase(), hashed: kind.length > 'header'.length }
}
