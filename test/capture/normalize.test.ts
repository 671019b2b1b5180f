import { expect, test } from 'vitest'
import { normalizePath } from '../../src/capture/normalize.ts'
import { pathnameOf } from '../../src/capture/paths.ts'
import { CONTRACT } from './normalize-contract.ts'

/** Odd targets, and the rules at their limits. */
const EDGES: ReadonlyArray<readonly [string, string]> = [
  // Forms of a request target.
  ['', '/'],
  ['*', '*'],
  ['?', '/'],
  ['#', '/'],
  ['?a=/b', '/'],
  ['/#/users/7', '/'],
  ['/a?b#c?d', '/a'],
  ['/a#b?c', '/a'],
  ['//', '/'],
  ['///', '/'],
  ['example.com:443', '/{authority}'],
  ['[2001:db8::1]:443', '/{authority}'],
  ['http://example.com', '/'],
  ['http://user:secret@example.com:8080?token=1', '/'],
  ['HTTPS://example.com/users/7?x=1#y', '/users/{id}'],
  ['//evil.example.com/users', '/evil.example.com/users'],
  ['users/7', '/users/{id}'],
  ['/http://example.com/a', '/http:/example.com/a'],
  // Ten segments, and one more.
  ['/a/b/c/d/e/f/g/h/i/j', '/a/b/c/d/e/f/g/h/i/j'],
  ['/a/b/c/d/e/f/g/h/i/j/', '/a/b/c/d/e/f/g/h/i/j'],
  ['/a/b/c/d/e/f/g/h/i/j/k', '/a/b/c/d/e/f/g/h/i/j/*'],
  ['/a/b/c/d/e/f/g/h/i/j/k/l.js', '/a/b/c/d/e/f/g/h/i/j/*'],
  ['/1/2/3/4/5/6/7/8/9/10/11', `${'/{id}'.repeat(10)}/*`],
  // Length of a segment.
  [`/${'g'.repeat(39)}`, `/${'g'.repeat(39)}`],
  [`/${'a-'.repeat(2)}${'a'.repeat(27)}`, `/a-a-${'a'.repeat(27)}`],
  [`/${'a-'.repeat(2)}${'a'.repeat(28)}`, '/{slug}'],
  [`/${'g'.repeat(40)}`, '/{id}'],
  [`/${'.'.repeat(65)}`, '/{id}'],
  // Encodings.
  ['/%31%32', '/{id}'],
  ['/%6aane', '/jane'],
  ['/%zz', '/{text}'],
  ['/100%25', '/{text}'],
  ['/a%2Fb', '/{text}'],
  ['/a%3Fsecret', '/{text}'],
  ['/caf\u00e9', '/{text}'],
  ['/\ud800', '/{text}'],
  ['/%7Bid%7D', '/{id}'],
  ['/{id}', '/{id}'],
  ['/{secret}', '/{text}'],
  // Numbers, hashes, dates.
  ['/-5', '/{id}'],
  ['/+5', '/{id}'],
  ['/1.5', '/{id}'],
  ['/1_000_000', '/{id}'],
  ['/12-34-56', '/{id}'],
  ['/0xdeadbeef', '/{id}'],
  ['/0xfee', '/0xfee'],
  ['/abcdef', '/abcdef'],
  ['/abcde1', '/{id}'],
  ['/abcd1', '/abcd1'],
  ['/abcdefabcdefabcdefabcde', '/abcdefabcdefabcdefabcde'],
  ['/abcdefabcdefabcdefabcdef', '/{id}'],
  ['/{550e8400-e29b-41d4-a716-446655440000}', '/{id}'],
  ['/2024-13-01', '/{id}'],
  ['/2024-05', '/{date}'],
  ['/2024-05-01T10:00:00+02:00', '/{date}'],
  ['/256.1.1.1', '/{ip}'],
  ['/1.2.3', '/{version}'],
  // API versions and names with digits.
  ['/v1', '/v1'],
  ['/V2', '/V2'],
  ['/v999', '/v999'],
  ['/v1alpha', '/v1alpha'],
  ['/ipv6', '/ipv6'],
  ['/mp3', '/mp3'],
  ['/user1', '/user1'],
  ['/order-42', '/order-42'],
  ['/order-4242', '/{slug}'],
  ['/step1/part2', '/step1/part2'],
  ['/AB12CD34', '/{id}'],
  ['/j4k2l9x1', '/{id}'],
  ['/sk_test_4eC39HqLyjWDarjtT1zdp7dc', '/{id}'],
  ['/XMLHttpRequestHandlerFactory', '/XMLHttpRequestHandlerFactory'],
  ['/getUserProfileSettings', '/getUserProfileSettings'],
  ['/qWeRtYuIoPaSdFgH', '/{id}'],
  // Punctuation.
  ['/a;b=c', '/a'],
  ['/;b', '/{text}'],
  ['/users:batchGet', '/users:batchGet'],
  ['/users/7:a1', '/users/{id}'],
  ['/id=42', '/id={v}'],
  ['/42=id', '/{id}={v}'],
  ['/id=', '/{text}'],
  ['/aGVsbG8gd29ybGQ=', '/{id}'],
  ['/dGVzdA==', '/{id}'],
  ['/a,b', '/{list}'],
  ['/a+b', '/a+b'],
  ["/Products('7')", '/{text}'],
  ['/@', '/@{name}'],
  ['/~jane', '/~jane'],
  ['/..', '/..'],
  ['/.well-known/acme', '/.well-known/acme'],
  // Static files, only as the last segment.
  ['/app.JS', '/*.js'],
  ['/app.js/', '/*.js'],
  ['/app.js/x', '/app.js/x'],
  ['/.js', '/*.js'],
  ['/data.json', '/data.json'],
  ['/a.tar.gz', '/*.gz'],
  ['/42.tar.gz/files', '/{id}.tar.gz/files'],
  ['/js', '/js'],
]

test.each(CONTRACT)('contract: %s is %s', (target, endpoint) => {
  expect(normalizePath(pathnameOf(target))).toBe(endpoint)
})

test('the contract has 46 rows', () => expect(CONTRACT).toHaveLength(46))

test.each(EDGES)('edge: %j is %s', (target, endpoint) => {
  expect(normalizePath(pathnameOf(target))).toBe(endpoint)
})
