import { expect } from 'vitest'
import { ask } from '../support/request.ts'
import { scenario } from '../support/scenario.ts'

scenario('complaints come once, and the application runs with the defaults', async ({ ingest, serve }) => {
  const app = await serve({ env: { PEEKAPI_BATCH_SIZE: 'many', PEEKAPI_BATCHSIZE: '5' } })
  for (let n = 0; n < 3; n++) expect((await ask(app.origin, '/')).status).toBe(200)
  await ingest.waitForEvents(3)
  expect(app.stderr.trim().split('\n')).toEqual([
    '[peekapi] PEEKAPI_BATCH_SIZE "many" is not a whole number from 1 to 10000; using the default (100)',
    '[peekapi] PEEKAPI_BATCHSIZE is not a variable of ours; did you mean PEEKAPI_BATCH_SIZE?',
  ])
})
