import { expect, test } from 'vitest'
import { satisfies } from '../../src/loader/versions.ts'

test.each([
  ['4.16.0', '>=4.16 <5', true],
  ['4.15.9', '>=4.16 <5', false],
  ['4.22.3', '>=4.16 <5', true],
  ['5.0.0', '>=4.16 <5', false],
  ['5.0.0-beta.1', '>=5 <6', true],
  ['5.0.0-beta.1', '>=4.16 <5', false],
  ['10.0.0', '>=9', true],
  ['2.3.10', '>=2.3.9 <2.3.11', true],
  ['4.17.0+build.5', '>=4.17 <5', true],
])('%s in %s: %s', (version, range, expected) => expect(satisfies(version, range)).toBe(expected))

test('a version that is none is in no range', () => {
  expect(satisfies('workspace', '>=4')).toBe(false)
  expect(satisfies('workspace', '<5')).toBe(false)
})

test('a range that cannot be read is a mistake of ours and says so', () => {
  expect(() => satisfies('4.0.0', '^4')).toThrow('"^4" is not a comparison')
})
