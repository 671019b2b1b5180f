import type { IncomingHttpHeaders } from 'node:http'
import { builtin } from '../builtin.ts'

/** Of the protocol. */
const MAX_CONSUMER_CHARACTERS = 256
const HASH_DIGITS = 12

/** `X-API-Key` as it is, else `Authorization` hashed, else nothing. */
export function consumerFromHeaders(headers: IncomingHttpHeaders): string | undefined {
  const apiKey = headers['x-api-key']
  if (typeof apiKey === 'string' && apiKey !== '') return cut(apiKey, MAX_CONSUMER_CHARACTERS)
  const authorization = headers.authorization
  if (authorization !== undefined && authorization !== '') return hashed(authorization)
  return undefined
}

export function consumerFromCode(id: unknown): string | undefined {
  return typeof id === 'string' && id !== '' ? cut(id, MAX_CONSUMER_CHARACTERS) : undefined
}

function hashed(value: string): string {
  const { createHash } = builtin<typeof import('node:crypto')>('node:crypto')
  return `hash_${createHash('sha256').update(value).digest('hex').slice(0, HASH_DIGITS)}`
}

const HIGH_SURROGATE_FIRST = 0xd800
const HIGH_SURROGATE_LAST = 0xdbff

/** The first `limit` characters, never ending in half of a surrogate pair. */
export function cut(text: string, limit: number): string {
  if (text.length <= limit) return text
  const last = text.charCodeAt(limit - 1)
  return text.slice(0, last >= HIGH_SURROGATE_FIRST && last <= HIGH_SURROGATE_LAST ? limit - 1 : limit)
}
