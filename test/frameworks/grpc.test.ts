import { describe, expect } from 'vitest'
import { subject } from '../../fixtures/grpc/cases.ts'
import { contract } from '../contract.ts'
import { askHttp2 } from '../support/http2-client.ts'
import { expectClosed } from '../support/ledger.ts'
import { scenario } from '../support/scenario.ts'

contract(subject)

/** An empty message: not compressed, no bytes. */
const EMPTY_MESSAGE = Buffer.alloc(5)

/** What each method of a file ends with: the status of gRPC, or that of HTTP before it came to gRPC. */
const servers = {
  // Wraps what is thrown as an internal error, and knows only its own paths.
  'http2.cjs': { Hello: 0, Refuse: 7, Fail: 13, Count: 0 },
  'grpc.mjs': { Hello: 0, Refuse: 7, Fail: 2, Count: 0, Nothing: 12 },
}

describe.each(['1', '2'])('release %s', (release) => {
  describe.each(Object.entries(servers))('%s', (file, calls) => {
    scenario('gRPC over HTTP/2', async ({ ingest, serve }) => {
      // Not the normaliser's part, which would keep these paths.
      const app = await serve({
        file: `fixtures/grpc/${release}/${file}`,
        env: { PEEKAPI_NORMALIZE_PATHS: 'false' },
      })
      for (const [method, status] of Object.entries(calls)) {
        const headers = { 'content-type': 'application/grpc', te: 'trailers', 'x-api-key': method }
        const options = { method: 'POST', headers, body: EMPTY_MESSAGE }
        const reply = await askHttp2(app.origin, `/acme.v1.Greeter/${method}`, options)
        expect(reply.trailers['grpc-status'] ?? reply.headers['grpc-status'], method).toBe(String(status))
      }
      const events = await ingest.waitForEvents(Object.keys(calls).length)
      expect(
        events.map(({ consumer_id, path, status_code, metadata }) => ({
          consumer_id,
          path,
          status_code,
          metadata: { ...metadata, ttfb_ms: undefined },
        })),
      ).toEqual(
        Object.entries(calls).map(([method, grpc_status]) => ({
          consumer_id: method,
          path: `/acme.v1.Greeter/${method}`,
          status_code: 200,
          metadata: { framework: 'grpc', protocol: 'h2', grpc_status },
        })),
      )
      expectClosed(await app.stats())
    })
  })
})
