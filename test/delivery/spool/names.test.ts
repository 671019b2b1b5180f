import {
  type Arbitrary,
  assert,
  constantFrom,
  nat,
  option,
  property,
  record,
  string,
  stringMatching,
} from 'fast-check'
import { expect, test } from 'vitest'
import { byAge, formatName, parseName, timeOf, type FileName } from '../../../src/delivery/spool/names.ts'
import { newOwner } from '../../../src/delivery/spool/owner.ts'

const name: Arbitrary<FileName> = record({
  state: constantFrom('tmp', 'new', 'claim', 'bad'),
  owner: constantFrom(newOwner(), 'deadbeef.1.123456789.3.0badcafe'),
  time: nat(Number.MAX_SAFE_INTEGER).map(timeOf),
  id: stringMatching(/^[0-9a-f]{24}(\.[01]){0,20}$/),
  count: option(nat(99_999), { nil: undefined }),
})

test('a file says what its name was made of, beside whatever base path', () => {
  assert(
    property(name, constantFrom('events', 'a.new-b', 'Ereignisse 1'), (name, base) => {
      expect(parseName(base, formatName(base, name))).toEqual(name)
    }),
  )
})

test('no other file is taken for one of ours', () => {
  const good = formatName('events', {
    state: 'new',
    owner: newOwner(),
    time: timeOf(0),
    id: 'a',
    count: 1,
  })
  expect(parseName('events', good)).toBeDefined()
  expect(parseName('other', good)).toBeUndefined()
  for (const wrong of [
    'events',
    'events.recovering',
    good.replace('.new-', '.old-'),
    good.replace('-1.jsonl', '-123456.jsonl'),
    good.replace('-1.jsonl', '--1.jsonl'),
    good.replace('-1.jsonl', '-1.jsonl~'),
    good.replace('events.', 'events..'),
    good.replace('.a-', '.a.2-'),
  ])
    expect(parseName('events', wrong), wrong).toBeUndefined()
  assert(property(string(), (text) => void parseName('events', `events.${text}`)))
})

test('names sort by the time of their batch', () => {
  assert(
    property(name, name, nat(2 ** 42), nat(2 ** 42), (first, second, t1, t2) => {
      const order = byAge({ ...first, time: timeOf(t1) }, { ...second, time: timeOf(t2) })
      expect(Math.sign(order)).toBe(Math.sign(t1 - t2))
    }),
  )
})
