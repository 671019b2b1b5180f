import { afterAll, beforeAll, expect, test } from 'vitest'
import { App } from '../support/app.ts'
import { Ingest } from '../support/ingest.ts'
import { expectClosed } from '../support/ledger.ts'
import { ask } from '../support/request.ts'

let ingest: Ingest
let app: App
beforeAll(async () => {
  ingest = await Ingest.start()
  app = await App.serve({ file: 'fixtures/http/app.cjs', endpoint: ingest.url })
})
afterAll(async () => {
  await app.stop()
  await ingest.close()
})

test('a plain http request becomes one event', async () => {
  await ask(app.origin, '/hello?token=secret', { headers: { 'x-api-key': 'ck_1' } })
  const [event] = await ingest.waitForEvents(1)
  expect(event).toMatchObject({
    method: 'GET',
    path: '/hello',
    status_code: 200,
    request_size: 0,
    response_size: 5,
    consumer_id: 'ck_1',
  })
  expectClosed(await app.stats())
})
