import { isIP, type LookupFunction } from 'node:net'
import { afterAll, describe, expect, test } from 'vitest'
import { isPublicAddress } from '../../src/delivery/address.ts'
import { guardedLookup } from '../../src/delivery/connect.ts'
import { checkEndpoint, shownEndpoint } from '../../src/delivery/endpoint.ts'
import { names, urls } from './endpoint-corpus.ts'

/** A resolver that knows one answer. */
function resolverOf(addresses: readonly string[]): LookupFunction {
  return (_hostname, options, callback) => {
    expect(options.all).toBe(true)
    callback(
      null,
      addresses.map((address) => ({ address, family: isIP(address) || 4 })),
    )
  }
}

/** The whole verdict on an endpoint whose name resolves so: URL, then lookup in the shape asked for. */
function verdictOn(
  endpoint: string,
  addresses: readonly string[],
  allowPrivate: boolean,
  all: boolean,
): Promise<'yes' | 'no'> {
  const verdict = checkEndpoint(endpoint, { allowPrivate })
  if (!verdict.ok) return Promise.resolve('no')
  return new Promise((resolve) =>
    guardedLookup(verdict.reach, resolverOf(addresses))(verdict.url.hostname, { all }, (fault, found) => {
      if (fault) return resolve('no')
      expect(found).toEqual(
        all ? addresses.map((address) => ({ address, family: isIP(address) })) : addresses[0],
      )
      resolve('yes')
    }),
  )
}

describe('SSRF corpus', () => {
  let right = 0
  const total = 2 * (urls.length + names.length)
  afterAll(() => console.log(`SSRF corpus: right verdicts ${right} of ${total}`))

  test.for(urls)('%s: %s, with private endpoints allowed %s', ([endpoint, strict, allowPrivate]) => {
    expect(checkEndpoint(endpoint, { allowPrivate: false }).ok ? 'yes' : 'no').toBe(strict)
    right++
    expect(checkEndpoint(endpoint, { allowPrivate: true }).ok ? 'yes' : 'no').toBe(allowPrivate)
    right++
  })

  test.for(names)(
    '%s resolving to %j: %s, with private endpoints allowed %s',
    async ([name, addresses, strict, allowPrivate]) => {
      const endpoint = `https://${name}/v1/events`
      for (const all of [true, false])
        expect(await verdictOn(endpoint, addresses, false, all), `all: ${all}`).toBe(strict)
      right++
      for (const all of [true, false])
        expect(await verdictOn(endpoint, addresses, true, all), `all: ${all}`).toBe(allowPrivate)
      right++
    },
  )

  test('the corpus is large enough to mean something', () => {
    expect(urls.length + names.length).toBeGreaterThanOrEqual(120)
  })
})

test('text that is no address is not public', () => {
  for (const text of ['', 'localhost', '1.1.1', '1.1.1.1 ', '01.1.1.1', '[2606::1]'])
    expect(isPublicAddress(text), text).toBe(false)
})

test('a lookup that ignores `all` is judged all the same', () => {
  const single =
    (address: string): LookupFunction =>
    (_hostname, _options, callback) =>
      callback(null, address, 4)
  const outcomes: unknown[] = []
  for (const address of ['93.184.216.34', '10.0.0.1'])
    guardedLookup('public', single(address))('name.test', { all: true }, (fault, found) =>
      outcomes.push(fault?.message ?? found),
    )
  expect(outcomes).toEqual([
    [{ address: '93.184.216.34', family: 4 }],
    expect.stringContaining('name.test resolves to 10.0.0.1'),
  ])
})

test('an address that changes after it was judged is not the one connected to', () => {
  const shifty = {
    reads: 0,
    family: 4,
    get address(): string {
      return this.reads++ === 0 ? '93.184.216.34' : '127.0.0.1'
    },
  }
  let found: unknown
  guardedLookup('public', (_hostname, _options, callback) => callback(null, [shifty]))(
    'name.test',
    { all: true },
    (_fault, addresses) => (found = addresses),
  )
  expect((found as Array<{ address: string }>)[0]?.address).toBe('93.184.216.34')
})

test.each([
  ['https://user:secret@host/path', 'https://***@host/path'],
  ['user:secret@host', '***@host'],
  ['https:\\\\user:secret@host', '***@host'],
  ['https://user:se/cr@et@ho st/', 'https://***@ho st/'],
  ['https://host/events?token=secret', 'https://host/events'],
  ['https://host/#secret', 'https://host/'],
])('%s is shown as %s', (endpoint, shown) => {
  expect(shownEndpoint(endpoint)).toBe(shown)
})

test.each([
  ['http://collector:8080/', 'would send the API key in the clear: use https'],
  [
    'https://10.0.0.1/',
    '10.0.0.1 is a private address, which only PEEKAPI_ALLOW_PRIVATE_ENDPOINT=true permits',
  ],
  ['http://169.254.169.254/', 'would send the API key in the clear'],
  ['https://169.254.169.254/', '169.254.169.254 is a metadata address'],
  ['https://u:p@host/', 'holds credentials; remove them from the URL'],
])('the refusal of %s says what to do: %s', (endpoint, reason) => {
  const verdict = checkEndpoint(endpoint, { allowPrivate: false })
  expect(verdict).toMatchObject({ ok: false, reason: expect.stringContaining(reason) })
})
