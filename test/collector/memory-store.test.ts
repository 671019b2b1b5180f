import { expect, test } from 'vitest'
import { MemoryStore } from '../../src/collector/memory-store.ts'
import type { ApiEvent } from '../../src/types/client.ts'
import { event } from './event.ts'

async function storeOf(...events: ApiEvent[]): Promise<MemoryStore> {
  const store = new MemoryStore()
  await store.add({ id: undefined, events })
  return store
}

test('counts by method and path: statuses, outcomes, consumers', async () => {
  const store = await storeOf(
    event({ consumer_id: 'a' }),
    event({ consumer_id: 'a', status_code: 404 }),
    event({ consumer_id: 'b', status_code: 503, metadata: { outcome: 'error' } }),
    event({ status_code: 499, metadata: { outcome: 'aborted' } }),
    event({ method: 'POST', metadata: { unmatched: true } }),
  )
  const { endpoints, total } = await store.summarize()
  expect(endpoints.map(({ method, path, calls }) => [method, path, calls])).toEqual([
    ['GET', '/users/:id', 4],
    ['POST', '/users/:id', 1],
  ])
  const counts = { clientErrors: 2, serverErrors: 1, aborted: 1, broken: 1 }
  expect(endpoints[0]).toMatchObject({ ...counts, unmatched: 0, consumers: { distinct: 2, exact: true } })
  expect(total).toMatchObject({ ...counts, unmatched: 1, calls: 5 })
})

test('equal calls are ordered by path, then by method', async () => {
  const store = await storeOf(
    event({ path: '/b' }),
    event({ method: 'PUT', path: '/a' }),
    event({ path: '/a' }),
  )
  const { endpoints } = await store.summarize()
  expect(endpoints.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /a', 'PUT /a', 'GET /b'])
})

test('the total has percentiles over all calls, not over those of endpoints', async () => {
  const fast = Array.from({ length: 99 }, () => event({ path: '/fast', response_time_ms: 1 }))
  const store = await storeOf(...fast, event({ path: '/slow', response_time_ms: 900 }))
  const { total } = await store.summarize()
  expect(total.durations).toEqual({ p50: 1, p95: 1, p99: 1, exact: true })
})

test('a batch id is taken once, and forgotten when more ids than are remembered have come since', async () => {
  const store = new MemoryStore({ batchIds: 2 })
  const add = (id: string): Promise<boolean> => store.add({ id, events: [event()] })
  expect([await add('1'), await add('1'), await add('2')]).toEqual([true, false, true])
  expect(await add('1')).toBe(false)
  expect([await add('3'), await add('1')]).toEqual([true, true])
  expect((await store.summarize()).total.calls).toBe(4)
})

test('batches without an id are all taken', async () => {
  const store = new MemoryStore()
  for (let n = 0; n < 2; n++) expect(await store.add({ id: undefined, events: [event()] })).toBe(true)
})

test('endpoints beyond the limit share one row, and no call is lost', async () => {
  const store = new MemoryStore({ endpoints: 2 })
  const events = ['/1', '/2', '/3', '/4', '/1'].map((path) => event({ path }))
  await store.add({ id: undefined, events })
  const { endpoints, total } = await store.summarize()
  expect(endpoints.map(({ method, path, calls }) => [method, path, calls])).toEqual([
    ['*', '(other)', 2],
    ['GET', '/1', 2],
    ['GET', '/2', 1],
  ])
  expect(total.calls).toBe(5)
})

test('consumers beyond the limit make the count a lower bound', async () => {
  const store = new MemoryStore({ consumers: 2 })
  const of = (path: string, ids: string[]): ApiEvent[] =>
    ids.map((consumer_id) => event({ path, consumer_id }))
  await store.add({ id: undefined, events: [...of('/a', ['1', '2', '3', '3']), ...of('/b', ['2'])] })
  const { endpoints } = await store.summarize()
  expect(endpoints.map(({ consumers }) => consumers)).toEqual([
    { distinct: 2, exact: false },
    { distinct: 1, exact: true },
  ])
})
