import { describe, expect, test } from 'vitest'
import { outcomeOf, retryAfterMs } from '../../src/delivery/outcome.ts'

/** Section 2 of the ingestion protocol, row by row. */
const KIND_BY_STATUS: ReadonlyArray<[kind: string, statuses: readonly number[]]> = [
  ['accepted', [200, 201, 202, 204, 299]],
  ['retry', [408, 425, 429, 500, 502, 503, 504, 507, 520, 599]],
  ['split', [413]],
  ['bisect', [400, 405, 406, 409, 410, 411, 415, 418, 422, 431, 451, 499]],
  ['hold', [300, 301, 302, 303, 304, 307, 308, 399, 401, 402, 403, 404, 407, 501, 505]],
]

describe.each(KIND_BY_STATUS)('%s', (kind, statuses) => {
  test.each(statuses)('status %i', (status) => {
    expect(outcomeOf({ status, retryAfter: undefined }).kind).toBe(kind)
  })
})

test('a status that is none of HTTP is retried', () => {
  for (const status of [0, 100, 199, 600, 999])
    expect(outcomeOf({ status, retryAfter: undefined }).kind).toBe('retry')
})

test('no answer is retried, and the reason is the error code', () => {
  const failure = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' })
  expect(outcomeOf({ failure })).toEqual({ kind: 'retry', retryAfterMs: undefined, why: 'ECONNREFUSED' })
})

describe('Retry-After', () => {
  const now = Date.parse('2026-11-23T12:00:00Z')
  const rows: ReadonlyArray<[value: string | undefined, ms: number | undefined]> = [
    ['1', 1000],
    ['2', 2000],
    ['300', 300_000],
    ['301', 300_000],
    ['0', 1000],
    [' 7 ', 7000],
    ['99999999999999999999', 300_000],
    ['315360000', 300_000],
    ['Mon, 23 Nov 2026 12:00:30 GMT', 30_000],
    ['Mon, 23 Nov 2026 11:00:00 GMT', 1000],
    ['Mon, 23 Nov 2036 12:00:00 GMT', 300_000],
    [undefined, undefined],
    ['', undefined],
    ['-5', undefined],
    ['+5', undefined],
    ['1.5', undefined],
    ['1e99', undefined],
    ['0x10', undefined],
    ['abc', undefined],
    ['NaN', undefined],
    ['Infinity', undefined],
    ['5 s', undefined],
    ['5, 10', undefined],
    ['Mon, soon', undefined],
    ['2026-11-23T12:00:30Z', undefined],
  ]
  test.each(rows)('%j is %j', (value, ms) => {
    expect(retryAfterMs(value, now)).toBe(ms)
  })
})
