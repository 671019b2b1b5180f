import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import http from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { Transport } from '../../src/delivery/transport.ts'
import { batch } from '../support/batches.ts'
import { Ingest } from '../support/ingest.ts'

test('a delivery is none of the outgoing requests that tracing agents see, nor part of the request it comes from', async () => {
  const ingest = await Ingest.start()
  const transport = new Transport({ endpoint: ingest.url, apiKey: 'k' })
  const storage = new AsyncLocalStorage<string>()
  const contexts: unknown[] = []
  const seen = (): void => void contexts.push(storage.getStore())
  const { request } = http
  let traced = 0
  http.request = ((...args: Parameters<typeof request>) => {
    traced++
    return request(...args)
  }) as typeof request
  subscribe('http.client.request.start', seen)
  onTestFinished(async () => {
    http.request = request
    unsubscribe('http.client.request.start', seen)
    transport.close()
    await ingest.close()
  })
  const answer = await storage.run('a request of the application', () => transport.send(batch('id-1')))
  expect(answer).toMatchObject({ status: 202 })
  expect(traced).toBe(0)
  expect(contexts).toEqual([undefined])
})
