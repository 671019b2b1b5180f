/** What JSON writes as it is: visible ASCII without quote and backslash. The rest is left to the engine, lone surrogates too. */
const PLAIN = /^[ !#-[\]-~]*$/

/** A string as JSON. */
export function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text)
}

/** `.07`, `.5`, nothing for 0: what stands behind a number of hundredths. */
const FRACTIONS: readonly string[] = Array.from({ length: 100 }, (_, hundredths) =>
  String(hundredths / 100).slice(1),
)
/** Up to here small-integer arithmetic holds: 248 days in milliseconds. */
const MAX_HUNDREDTHS = 2 ** 31 - 1

/** A number with two decimals at most, as JSON. The way of the engine, by the shortest digits that tell a double, costs three times as much. */
export function decimal(value: number): string {
  const hundredths = Math.round(value * 100)
  if (!(hundredths >= 0 && hundredths <= MAX_HUNDREDTHS)) return whole(hundredths / 100)
  const units = (hundredths / 100) | 0
  return units + FRACTIONS[hundredths - units * 100]!
}

/** A number as JSON. Clocks and sizes may be the application's own inventions: test tools replace both. */
export function whole(value: number): string {
  return Number.isFinite(value) ? String(value) : '0'
}

const SECOND_MS = 1000
/** `.000Z` to `.999Z`, each made when it is first needed. */
const MILLISECONDS: string[] = []
let second = Number.NaN
let secondText = ''

/** ISO 8601 in UTC with milliseconds. The calendar is asked once a second. */
export function isoTime(epochMs: number): string {
  const of = Math.floor(epochMs / SECOND_MS)
  if (of !== second) {
    // Without the milliseconds and the zone behind them.
    secondText = new Date(of * SECOND_MS).toISOString().slice(0, -'.000Z'.length)
    second = of
  }
  const rest = Math.floor(epochMs) - of * SECOND_MS
  return secondText + (MILLISECONDS[rest] ??= `.${String(rest).padStart(3, '0')}Z`)
}
