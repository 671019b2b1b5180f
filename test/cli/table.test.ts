import { describe, expect, test } from 'vitest'
import { liveLine } from '../../src/cli/live.ts'
import { table } from '../../src/cli/table.ts'
import { bytes, cutMiddle, integer, milliseconds, printable, share } from '../../src/cli/text.ts'
import type { EndpointFigures, Figures } from '../../src/collector/store.ts'
import { event } from '../collector/event.ts'

function figures(fields: Partial<Figures> = {}): Figures {
  return {
    calls: 1,
    clientErrors: 0,
    serverErrors: 0,
    aborted: 0,
    broken: 0,
    unmatched: 0,
    durations: { p50: 0.84, p95: 12.4, p99: 1250, exact: true },
    consumers: { distinct: 0, exact: true },
    ...fields,
  }
}

function endpoint(method: string, path: string, fields: Partial<Figures> = {}): EndpointFigures {
  return { method, path, ...figures(fields) }
}

describe('the table', () => {
  test('aligns its columns and tells what is unusual', () => {
    const endpoints = [
      endpoint('GET', '/users/:id', {
        calls: 12_345,
        clientErrors: 5,
        consumers: { distinct: 12, exact: true },
      }),
      endpoint('DELETE', '/users/:id', { calls: 3, serverErrors: 3 }),
    ]
    const total = figures({
      calls: 12_348,
      clientErrors: 5,
      serverErrors: 3,
      aborted: 2,
      broken: 1,
      unmatched: 4,
    })
    expect(table({ endpoints, total })).toBe(
      `\
endpoint            calls    4xx    5xx    p50   p95    p99  consumers
──────────────────────────────────────────────────────────────────────
GET    /users/:id  12,345  <0.1%         0.8ms  12ms  1.25s         12
DELETE /users/:id       3          100%  0.8ms  12ms  1.25s
──────────────────────────────────────────────────────────────────────
total              12,348  <0.1%  <0.1%  0.8ms  12ms  1.25s
2 aborted by the client · 1 broken off by the server · 4 without a route
`,
    )
  })

  test('says where figures come from a sample or are a lower bound', () => {
    const sampled = {
      durations: { p50: 1, p95: 2, p99: 3, exact: false },
      consumers: { distinct: 9, exact: false },
    }
    const text = table({ endpoints: [endpoint('GET', '/', sampled)], total: figures() })
    expect(text).toMatch(/GET \/ +1 +~1\.0ms +~2\.0ms +~3\.0ms +9\+\n/)
    expect(text).toMatch(/\n~ from a sample: more calls than are kept\n$/)
  })

  test.each([undefined, 80, 100, 200])('fits 100 columns, and the terminal, of %s columns', (columns) => {
    const path = `/${'organisations/:organisation/'.repeat(6)}end`
    const busy = figures({ calls: 1_234_567, clientErrors: 1, serverErrors: 1 })
    const text = table({ endpoints: [endpoint('OPTIONS', path, busy)], total: busy }, undefined, columns)
    const widths = text.split('\n').map((line) => line.length)
    expect(Math.max(...widths)).toBe(Math.min(columns ?? 100, 100))
    expect(text).toMatch(/OPTIONS \/organis\S*…\S*\/end /)
  })
})

describe('the live line', () => {
  test('marks what did not go as usual', () => {
    const marked = (metadata: Record<string, string | boolean>): string => liveLine(event({ metadata }))
    expect(marked({ outcome: 'aborted' })).toMatch(/ {2}aborted$/)
    expect(marked({ outcome: 'error' })).toMatch(/ {2}broke off$/)
    expect(marked({ outcome: 'upgraded', unmatched: true })).toMatch(/ {2}upgraded {2}no route$/)
    expect(marked({ outcome: 'else' })).toMatch(/ {2}-$/)
  })

  test('cuts keys short and gives the terminal no orders', () => {
    const line = liveLine(event({ path: '/a\u009B31m\u001B[2J\n', consumer_id: `secret-${'x'.repeat(40)}` }))
    expect(line).toContain('/a\u{FFFD}31m\u{FFFD}[2J\u{FFFD} ')
    expect(line).toMatch(/ {2}secret-xxxxxxxx…$/)
  })
})

test.each([
  [0, '0.0ms'],
  [9.94, '9.9ms'],
  [9.96, '10ms'],
  [999.4, '999ms'],
  [999.6, '1.00s'],
  [9994, '9.99s'],
  [9996, '10.0s'],
])('%d ms is printed as %s', (ms, text) => expect(milliseconds(ms)).toBe(text))

test.each([
  [0, '0B'],
  [999, '999B'],
  [1000, '1.0kB'],
  [9960, '10kB'],
  [999_499, '999kB'],
  [999_500, '1.0MB'],
  [5e12, '5000GB'],
])('%d bytes are printed as %s', (count, text) => expect(bytes(count)).toBe(text))

test.each([
  [0, 10, ''],
  [1, 8, '12.5%'],
  [1, 10_000, '<0.1%'],
  [9999, 10_000, '>99.9%'],
  [3, 3, '100%'],
])('%d of %d is printed as %j', (part, whole, text) => expect(share(part, whole)).toBe(text))

test('small things', () => {
  expect([999, 1000, 1_234_567].map(integer)).toEqual(['999', '1,000', '1,234,567'])
  expect([cutMiddle('/abcdefgh', 9), cutMiddle('/abcdefgh', 8)]).toEqual(['/abcdefgh', '/abc…fgh'])
  expect(printable('é\u202E日')).toBe('é\u{FFFD}日')
})
