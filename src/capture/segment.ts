/** No name a person gives is longer; it also bounds the work of every expression below. */
const MAX_SEGMENT_CHARACTERS = 64
/** Letters only and shorter than this: a word, whatever it says. */
const MIN_SUSPECT_CHARACTERS = 16
/** Words of hex letters alone (`facade`, `decade`) end well below; a hash without any digit does not. */
const MIN_DIGITLESS_HEX_CHARACTERS = 24
const MIN_HEX_CHARACTERS = 6
const UUID_CHARACTERS = 36
const ULID_CHARACTERS = 26

const UUID = /^\{?[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\}?$/i
const ULID = /^[0-7][\da-hjkmnp-tv-z]{25}$/i
/** `v1`, `v2.1`, `v1beta1`. */
const API_VERSION = /^v\d{1,3}(?:[._]\d{1,3}){0,2}(?:(?:alpha|beta)\d*)?$/i
const DATE =
  /^(?:19|20)\d\d[-.](?:0[1-9]|1[0-2])(?:[-.](?:0[1-9]|[12]\d|3[01]))?(?:[T_ ][\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?$/
const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/
const RELEASE = /^\d+\.\d+\.\d+(?:[-+][\w.-]+)?$/
const JOINED_NUMBERS = /^[+-]?\d+(?:[.,_-]\d+)*$/
const PREFIXED_HEX = /^0x[\da-f]{6,}$/i
const THREE_TOKENS = /^[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}$/
/** `cus_9s6XKzkNRiz8i3`, `sk_test_…`. */
const TYPED_ID = /^[a-z]{2,8}(?:_[a-z]{2,8})?_(?=[A-Za-z]*\d)[A-Za-z\d]{8,}$/
const EXTENSION = /^[A-Za-z][A-Za-z\d]{0,4}$/
const EMAIL = /^[^@\s]+@[^@\s]+\.[^@\s]+$/
const VERB = /^[A-Za-z]+$/
const PADDED_BASE64 = /^[\w+-]{6,}={1,2}$/
const VISIBLE_ASCII = /^[\x21-\x7e]+$/
const URL_SAFE = /^[\w.~:+-]+$/
/** What this file writes, and what clients send that forgot to fill in a template. */
const PLACEHOLDER =
  /^\{(?:id|slug|date|email|ip|text|list|version|authority)\}(?:\.[A-Za-z][A-Za-z\d]{0,4})*(?::[A-Za-z]+)?$/

/**
 * One segment of a path, with a placeholder in the place of what looks like data. The first rule that applies wins.
 * All that names one thing is `{id}`, whatever its format: an endpoint whose ids come in two formats stays one endpoint.
 */
export function normalizeSegment(segment: string): string {
  const length = segment.length
  if (length > MAX_SEGMENT_CHARACTERS) return '{id}'
  let digits = 0
  let uppers = 0
  let hex = 0
  let marks = 0
  for (let i = 0; i < length; i++) {
    const code = segment.charCodeAt(i)
    if (code >= 97 && code <= 122) {
      if (code <= 102) hex++
    } else if (code >= 48 && code <= 57) {
      digits++
    } else if (code >= 65 && code <= 90) {
      uppers++
      if (code <= 70) hex++
    } else if (code === 45 || code === 95 || code === 46 || code === 126) {
      marks++
    } else {
      return normalizePunctuated(segment)
    }
  }
  if (digits === length) return '{id}'
  if (digits > 0) {
    if (digits + hex === length && length >= MIN_HEX_CHARACTERS) return '{id}'
    const format = formatWithDigits(segment)
    if (format !== undefined) return format
  } else {
    if (length < MIN_SUSPECT_CHARACTERS) return segment
    if (hex === length && length >= MIN_DIGITLESS_HEX_CHARACTERS) return '{id}'
  }
  return normalizeName(segment, { digits, uppers, lowers: length - digits - uppers - marks })
}

/** Formats that have a name. */
function formatWithDigits(segment: string): string | undefined {
  if (API_VERSION.test(segment)) return segment
  if (segment.length === UUID_CHARACTERS && UUID.test(segment)) return '{id}'
  if (DATE.test(segment)) return '{date}'
  if (IPV4.test(segment)) return '{ip}'
  if (RELEASE.test(segment)) return '{version}'
  if (JOINED_NUMBERS.test(segment) || PREFIXED_HEX.test(segment)) return '{id}'
  if (segment.length === ULID_CHARACTERS && ULID.test(segment)) return '{id}'
  return THREE_TOKENS.test(segment) ? '{id}' : undefined
}

interface Letters {
  readonly digits: number
  readonly uppers: number
  readonly lowers: number
}

/** Words, file names, slugs and generated tokens: what only statistics can tell apart. */
function normalizeName(segment: string, letters: Letters): string {
  const dot = segment.lastIndexOf('.')
  if (dot > 0 && EXTENSION.test(segment.slice(dot + 1))) {
    return normalizeSegment(segment.slice(0, dot)) + segment.slice(dot)
  }
  if (letters.digits > 0 && TYPED_ID.test(segment)) return '{id}'
  const separated = segment.includes('-') || segment.includes('_')
  if (looksGenerated(segment, letters, separated)) return '{id}'
  if (separated) return looksLikeSlug(segment, letters.digits) ? '{slug}' : segment
  return segment.length >= 40 ? '{id}' : segment
}

/** Letters and digits; separators only in the alphabet of base64url. */
const TOKEN = /^[\w-]+$/
/** `getUserProfileSettings2`. */
const CAMEL_CASE = /^[A-Za-z][a-z]+(?:[A-Z][a-z]+)*\d{0,2}$/

function looksGenerated(token: string, { digits, uppers, lowers }: Letters, separated: boolean): boolean {
  const { length } = token
  if (!TOKEN.test(token)) return false
  if (digits === 0) {
    // Half of base62's letters are upper case; in names few are.
    const share = uppers / length
    return !separated && lowers > 0 && length >= MIN_SUSPECT_CHARACTERS && share > 0.28 && share < 0.72
  }
  if (CAMEL_CASE.test(token)) return false
  if (uppers > 0 && lowers > 0 && length >= 10) return true
  if (separated || length < 8) return false
  return digits >= 4 || length >= 20 || switches(token) >= 3
}

/** A title made into a segment, mostly with its number; or a text too long to be anything else. */
function looksLikeSlug(segment: string, digits: number): boolean {
  const parts = segment.split(/[-_]/)
  if (parts.length >= 6 || segment.length >= 32) return true
  return digits > 0 && parts.some(isNumberOrHash)
}

const LONG_NUMBER = /^\d{4,}$/
const HASH = /^(?=[a-f]*\d)[\da-f]{6,}$/i

function isNumberOrHash(part: string): boolean {
  return LONG_NUMBER.test(part) || HASH.test(part) || (part.length >= 8 && switches(part) >= 3)
}

/** How often letters and digits take turns: `x86` has one switch, `j4k2l9x1` seven. */
function switches(text: string): number {
  let count = 0
  let before = isDigit(text, 0)
  for (let i = 1; i < text.length; i++) {
    const now = isDigit(text, i)
    if (now !== before) count++
    before = now
  }
  return count
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code >= 48 && code <= 57
}

/** Segments with any character besides letters, digits and `-_.~`. */
function normalizePunctuated(segment: string): string {
  if (PLACEHOLDER.test(segment)) return segment
  if (segment.includes('%')) return normalizeEncoded(segment)
  if (!VISIBLE_ASCII.test(segment)) return '{text}'
  if (EMAIL.test(segment)) return '{email}'
  if (UUID.test(segment)) return '{id}'
  if (DATE.test(segment)) return '{date}'
  if (segment.startsWith('@')) return '@{name}'
  const parameters = segment.indexOf(';')
  if (parameters > 0) return normalizeSegment(segment.slice(0, parameters))
  const colon = segment.lastIndexOf(':')
  if (colon > 0 && VERB.test(segment.slice(colon + 1))) {
    return normalizeSegment(segment.slice(0, colon)) + segment.slice(colon)
  }
  if (PADDED_BASE64.test(segment)) return '{id}'
  const equals = segment.indexOf('=')
  if (equals > 0 && equals < segment.length - 1) return `${normalizeSegment(segment.slice(0, equals))}={v}`
  if (segment.includes(',')) return '{list}'
  if (!URL_SAFE.test(segment)) return '{text}'
  return /\d/.test(segment) ? '{id}' : segment
}

/** What stands behind the percent signs decides; anything that could not stand in a path as it is, is text. */
function normalizeEncoded(segment: string): string {
  let decoded: string
  try {
    decoded = decodeURIComponent(segment)
  } catch {
    return '{text}'
  }
  return VISIBLE_ASCII.test(decoded) && !/[%/]/.test(decoded) ? normalizeSegment(decoded) : '{text}'
}
