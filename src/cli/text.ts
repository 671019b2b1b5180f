const ELLIPSIS = '…'
const KILO = 1000
const SECOND_MS = 1000
/** From here on a tenth of a millisecond is noise. */
const WHOLE_FROM_MS = 10

/**
 * A text of a client's, fit for a terminal: paths and consumers may hold control characters (also of the C1 set,
 * which HTTP lets through), and a terminal would obey them.
 */
export function printable(text: string): string {
  return text.replaceAll(/[\u0000-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/g, '\u{FFFD}')
}

/** At most `width` characters; what is too long loses its middle, where paths say least. */
export function cutMiddle(text: string, width: number): string {
  if (text.length <= width) return text
  const kept = width - ELLIPSIS.length
  const head = Math.ceil(kept / 2)
  return text.slice(0, head) + ELLIPSIS + text.slice(text.length - (kept - head))
}

export function cutEnd(text: string, width: number): string {
  return text.length <= width ? text : text.slice(0, width - ELLIPSIS.length) + ELLIPSIS
}

/** `0.8ms`, `42ms`, `1.25s`. */
export function milliseconds(ms: number): string {
  // By what would be printed: 9.96 would be "10.0ms", 999.6 "1000ms".
  if (Number(ms.toFixed(1)) < WHOLE_FROM_MS) return `${ms.toFixed(1)}ms`
  if (Math.round(ms) < SECOND_MS) return `${Math.round(ms)}ms`
  const seconds = ms / SECOND_MS
  return Number(seconds.toFixed(2)) < 10 ? `${seconds.toFixed(2)}s` : `${seconds.toFixed(1)}s`
}

/** `0B`, `512B`, `1.5kB`, `20MB`. */
export function bytes(count: number): string {
  let value = count
  for (const unit of ['B', 'kB', 'MB', 'GB']) {
    const whole = unit === 'B' || Number(value.toFixed(1)) >= 10
    if (Math.round(value) < KILO || unit === 'GB')
      return `${whole ? Math.round(value) : value.toFixed(1)}${unit}`
    value /= KILO
  }
  return `${count}B`
}

/** `1,234,567`, the same on every machine. */
export function integer(value: number): string {
  return String(value).replaceAll(/\B(?=(\d{3})+$)/g, ',')
}

/** `12.5%`; nothing for none, so that what is wrong stands out; `<0.1%` rather than a rounded 0. */
export function share(part: number, whole: number): string {
  if (part === 0) return ''
  const percent = (part / whole) * 100
  if (percent < 0.1) return '<0.1%'
  if (part < whole && percent > 99.9) return '>99.9%'
  return percent === 100 ? '100%' : `${percent.toFixed(1)}%`
}
