/** A value that cannot be used. The message says what is accepted; the caller adds name and value. */
export class UnusableValue extends Error {}

export type Parser<T> = (text: string) => T

const TRUE = new Set(['true', '1', 'yes', 'on'])
const FALSE = new Set(['false', '0', 'no', 'off'])

export function boolean(text: string): boolean {
  const word = text.trim().toLowerCase()
  if (TRUE.has(word)) return true
  if (FALSE.has(word)) return false
  throw new UnusableValue('is not one of true, false, 1, 0, yes, no, on, off')
}

export function text(value: string): string {
  return value.trim()
}

/** A key goes into an HTTP header: Node refuses control characters and non-Latin-1 there, once per request. */
export function headerValue(value: string): string {
  const trimmed = value.trim()
  if (/[^\t\x20-\x7e\x80-\xff]/.test(trimmed)) {
    throw new UnusableValue('holds characters that cannot stand in an HTTP header')
  }
  return trimmed
}

export function list(value: string): readonly string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

export function pairs(value: string): Readonly<Record<string, string>> {
  const result: Record<string, string> = {}
  for (const item of list(value)) {
    const equals = item.indexOf('=')
    if (equals < 1) throw new UnusableValue('is not a list of key=value pairs')
    result[item.slice(0, equals).trim()] = item.slice(equals + 1).trim()
  }
  return result
}

export function oneOf<const Choice extends string>(...choices: readonly Choice[]): Parser<Choice> {
  return (value) => {
    const word = value.trim().toLowerCase()
    const found = choices.find((choice) => choice === word)
    if (found === undefined) throw new UnusableValue(`is not one of ${choices.join(', ')}`)
    return found
  }
}

export function integer(minimum: number, maximum: number): Parser<number> {
  return (value) => {
    const number = Number(value.trim() || Number.NaN)
    if (!Number.isInteger(number) || number < minimum || number > maximum) {
      throw new UnusableValue(`is not a whole number from ${minimum} to ${maximum}`)
    }
    return number
  }
}

const MS_PER_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** Seconds unless a unit follows: `500ms`, `10s`, `1m`. Yields milliseconds. */
export function duration(minimumMs: number, maximumMs: number): Parser<number> {
  return (value) => {
    const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h)?$/i.exec(value.trim())
    const ms = match
      ? Math.round(Number(match[1]) * MS_PER_UNIT[(match[2] ?? 's').toLowerCase()]!)
      : Number.NaN
    if (!(ms >= minimumMs && ms <= maximumMs)) {
      throw new UnusableValue(
        `is not a time from ${minimumMs}ms to ${maximumMs / 1000}s such as 500ms, 10s or 1m`,
      )
    }
    return ms
  }
}

const BYTES_PER_UNIT: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
}

/** Bytes unless a unit follows: `5MB` is 5,000,000, `64KiB` is 65,536. */
export function bytes(minimum: number, maximum: number): Parser<number> {
  return (value) => {
    const match = /^(\d+(?:\.\d+)?)\s*([kmg]?i?b)?$/i.exec(value.trim())
    const size = match
      ? Math.round(Number(match[1]) * (BYTES_PER_UNIT[(match[2] ?? 'b').toLowerCase()] ?? Number.NaN))
      : Number.NaN
    if (!(size >= minimum && size <= maximum)) {
      throw new UnusableValue(
        `is not a size from ${minimum} to ${maximum} bytes such as 5242880, 5MB or 64KiB`,
      )
    }
    return size
  }
}
