import { describe, expect } from 'vitest'
import { ask } from '../support/request.ts'
import { scenario } from '../support/scenario.ts'

const jwt = `Bearer x.${Buffer.from(JSON.stringify({ sub: 'user-7', org: 5 })).toString('base64url')}.sig`
const basic = `Basic ${Buffer.from('jane:secret').toString('base64')}`

/** Hashes were computed with `printf %s VALUE | sha256sum`. */
const HASH_OF_BEARER_TOKEN = 'hash_b22ac30e61f6'
const HASH_OF_ABC = 'hash_ba7816bf8f01'

describe.concurrent('the consumer', () => {
  scenario.for<[rules: string, headers: Record<string, string>, consumer: string | undefined]>([
    ['', { 'x-api-key': 'ck_1', authorization: 'Bearer token' }, 'ck_1'],
    ['', { authorization: 'Bearer token' }, HASH_OF_BEARER_TOKEN],
    ['', {}, undefined],
    ['', { 'x-api-key': 'k'.repeat(300) }, 'k'.repeat(256)],
    ['header:X-Tenant', { 'x-tenant': 't1', 'x-api-key': 'ck_1' }, 't1'],
    ['hash:header:x-tenant', { 'x-tenant': 'abc' }, HASH_OF_ABC],
    ['basic:user', { authorization: basic }, 'jane'],
    ['jwt:sub', { authorization: jwt }, 'user-7'],
    ['jwt:org', { authorization: jwt }, '5'],
    ['cookie:sid', { cookie: 'a=1; sid=abc; b=2' }, HASH_OF_ABC],
    ['header:x-tenant,jwt:sub', { authorization: jwt }, 'user-7'],
    ['none', { 'x-api-key': 'ck_1' }, undefined],
  ])('by %j from %j is %s', async ([rules, headers, consumer], { ingest, serve }) => {
    const app = await serve({ env: rules === '' ? {} : { PEEKAPI_CONSUMER: rules } })
    await ask(app.origin, '/', { headers })
    const [event] = await ingest.waitForEvents(1)
    expect(event!.consumer_id).toBe(consumer)
  })

  scenario.for(['app.cjs', 'app.mjs'])(
    'set by the application (%s), also after await, is its request’s own',
    async (file, { ingest, serve }) => {
      const app = await serve({ file: `fixtures/consumer/${file}` })
      const names = Array.from({ length: 20 }, (_, n) => `name-${n}`)
      await Promise.all(
        names.map((name, n) =>
          ask(app.origin, n % 2 === 0 ? '/later' : '/at-once', { headers: { 'x-name': name } }),
        ),
      )
      await ingest.waitForEvents(20)
      expect(ingest.events.map((event) => event.consumer_id).toSorted()).toEqual(names.toSorted())
    },
  )
})
