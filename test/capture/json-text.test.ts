import { assert, double, integer, oneof, property, string } from 'fast-check'
import { expect, test } from 'vitest'
import { decimal, isoTime, quoted, whole } from '../../src/capture/json-text.ts'

/** Strings with everything that JSON has to escape: quotes, controls, lone surrogates. */
const anyText = oneof(
  string(),
  string({ unit: 'binary' }),
  string({ unit: integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
)

test('quotes as JSON does', () => {
  assert(
    property(anyText, (text) => {
      expect(quoted(text)).toBe(JSON.stringify(text))
    }),
    { numRuns: 2000 },
  )
  for (const text of ['', '"', '\\', '\u007f', '\u2028', '\ud800', 'ä', '\n'])
    expect(quoted(text)).toBe(JSON.stringify(text))
})

test('writes numbers with two decimals as JSON does', () => {
  const milliseconds = double({ min: 0, max: 1e12, noNaN: true })
  assert(
    property(milliseconds, (value) => {
      expect(decimal(value)).toBe(JSON.stringify(Math.round(value * 100) / 100))
    }),
    { numRuns: 2000 },
  )
  for (let hundredths = 0; hundredths < 10_000; hundredths++)
    expect(decimal(hundredths / 100)).toBe(JSON.stringify(hundredths / 100))
})

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
  'has a number for %s',
  (value) => {
    expect([decimal(value), whole(value)]).toEqual(['0', '0'])
  },
)

test('keeps a clock that runs backwards readable', () => {
  expect(decimal(-1.234)).toBe('-1.23')
})

test('writes the time as Date does, whichever second came before', () => {
  const time = integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 })
  assert(
    property(time, (epochMs) => {
      expect(isoTime(epochMs)).toBe(new Date(epochMs).toISOString())
    }),
    { numRuns: 2000 },
  )
  const noon = Date.UTC(2026, 0, 1, 12)
  for (const offset of [0, 1, 999, 1000, 999, 60_000])
    expect(isoTime(noon + offset)).toBe(new Date(noon + offset).toISOString())
})
