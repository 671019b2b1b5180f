import { builtin } from '../builtin.ts'

type Crypto = typeof import('node:crypto')

/** Of the protocol. */
const HASH_DIGITS = 12
/** Callers at the same time, not callers ever: a hash costs 2 µs, a longer memory only holds secrets. */
const MAX_REMEMBERED_SECRETS = 256
/** The values are credentials. After its last use one stays in memory for at most twice this time. */
const FORGET_AFTER_MS = 30_000

/** Two generations make a bounded, least-recently-used memory without any bookkeeping for a hit. */
let young = new Map<string, string>()
let old = new Map<string, string>()
let timer: NodeJS.Timeout | undefined

/** `hash_` and the first twelve hex digits of SHA-256 of the whole value. */
export function hashed(secret: string): string {
  const known = young.get(secret)
  if (known !== undefined) return known
  const hash = old.get(secret) ?? `hash_${sha256(secret).slice(0, HASH_DIGITS)}`
  if (young.size >= MAX_REMEMBERED_SECRETS) age()
  young.set(secret, hash)
  timer ??= setTimeout(forget, FORGET_AFTER_MS).unref()
  return hash
}

function age(): void {
  old = young
  young = new Map()
}

function forget(): void {
  age()
  timer = old.size === 0 ? undefined : setTimeout(forget, FORGET_AFTER_MS).unref()
}

/** For tests: how many secrets are in memory. */
export function rememberedSecrets(): number {
  return young.size + old.size
}

function sha256(text: string): string {
  const crypto = builtin<Crypto & { hash?: Crypto['hash'] }>('node:crypto')
  // In one call from Node 20.12 on, half the time.
  return crypto.hash?.('sha256', text, 'hex') ?? crypto.createHash('sha256').update(text).digest('hex')
}
