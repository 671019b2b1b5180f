import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { percentile, Sample } from '../../src/collector/percentiles.ts'

const oneTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1)

describe('percentile', () => {
  test.each([
    [50, oneTo(100), 50],
    [95, oneTo(100), 95],
    [99, oneTo(100), 99],
    [95, oneTo(20), 19],
    [95, oneTo(21), 20],
    [99, oneTo(99), 99],
    [50, oneTo(2), 1],
    [50, oneTo(3), 2],
    [99, [7], 7],
    [1, [7, 8], 7],
    [50, [], 0],
  ])('p%d of %j is %d', (percent, values, expected) => {
    expect(percentile(values, percent)).toBe(expected)
  })

  test('is the smallest value that at least so many percent of all do not exceed', () => {
    const values = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 300 })
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 99 }), (unsorted, percent) => {
        const sorted = unsorted.toSorted((a, b) => a - b)
        const reached = (value: number): boolean =>
          sorted.filter((other) => other <= value).length * 100 >= percent * sorted.length
        expect(percentile(sorted, percent)).toBe(sorted.find(reached))
      }),
    )
  })
})

describe('Sample', () => {
  test('keeps all values up to its limit, and says when they are not all any more', () => {
    const sample = new Sample(3)
    for (const value of [30, 10, 20]) sample.add(value)
    expect([...sample.sorted()]).toEqual([10, 20, 30])
    expect(sample.exact).toBe(true)
    sample.add(40)
    expect(sample.sorted()).toHaveLength(3)
    expect(sample.exact).toBe(false)
  })

  test('sorts by number, not by text', () => {
    const sample = new Sample(3)
    for (const value of [9, 100, 10]) sample.add(value)
    expect([...sample.sorted()]).toEqual([9, 10, 100])
  })

  test('beyond the limit each value has the same chance to stay', () => {
    // A random source that goes evenly through [0, 1): each tenth of the input must hold a tenth of the sample.
    const golden = (Math.sqrt(5) - 1) / 2
    let turn = 0
    const sample = new Sample(2000, () => (++turn * golden) % 1)
    for (let value = 0; value < 20_000; value++) sample.add(value)
    const kept = sample.sorted()
    for (let tenth = 0; tenth < 10; tenth++) {
      const share = kept.filter((value) => Math.floor(value / 2000) === tenth).length
      expect(share).toBeGreaterThan(150)
      expect(share).toBeLessThan(250)
    }
  })
})
