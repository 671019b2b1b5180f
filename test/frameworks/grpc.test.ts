import { describe, expect } from 'vitest'
import { subject } from '../../fixtures/grpc/cases.ts'
import { contract } from '../contract.ts'
import { App } from '../support/app.ts'
import { askHttp2, type Http2Ask, type Http2Reply } from '../support/http2-client.ts'
import { expectClosed } from '../support/ledger.ts'
import { ask } from '../support/request.ts'
import { scenario } from '../support/scenario.ts'

contract(subject)

interface Call {
  readonly method: string
  /** Of gRPC; absent: the client left before there was one. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly outcome?: 'aborted'
  readonly meddle?: Http2Ask['meddle']
}

const common: readonly Call[] = [
  { method: 'Hello', status: 0 },
  { method: 'Refuse', status: 7 },
  { method: 'Count', status: 0 },
]

const servers: Readonly<Record<string, readonly Call[]>> = {
  // What is thrown is wrapped as an internal error.
  'http2.cjs': [...common, { method: 'Fail', status: 13 }],
  'grpc.mjs': [
    ...common,
    { method: 'Fail', status: 2 },
    { method: 'Gather', status: 0 },
    { method: 'Echo', status: 0 },
    { method: 'Nothing', status: 12 },
    { method: 'Silent', status: 4, headers: { 'grpc-timeout': '20m' } },
    {
      method: 'Endless',
      outcome: 'aborted',
      meddle: (stream) => {
        stream.end(EMPTY_MESSAGE)
        stream.on('data', () => stream.close(CANCEL))
      },
    },
  ],
}

/** An empty message: not compressed, no bytes. */
const EMPTY_MESSAGE = Buffer.alloc(5)
/** Code of a client that wants no more. */
const CANCEL = 8
const ROUNDS = 20

describe.each(['1', '2'])('release %s', (release) => {
  describe.each(Object.entries(servers))('%s', (file, calls) => {
    scenario('gRPC over HTTP/2, one by one and all at once', async ({ ingest, serve, onTestFinished }) => {
      // Not the normaliser's part, which would keep these paths.
      const options = { file: `fixtures/grpc/${release}/${file}`, env: { PEEKAPI_NORMALIZE_PATHS: 'false' } }
      const app = await serve(options)
      const bare = await App.serve({ ...options, preload: 'none' })
      onTestFinished(async () => void (await bare.stop()))

      for (const call of calls) {
        const reply = await perform(app, call, `0/${call.method}`)
        expect(statusIn(reply), call.method).toBe(call.status)
        expect(told(reply)).toEqual(told(await perform(bare, call, '')))
      }
      await Promise.all(
        Array.from({ length: ROUNDS }, (_, round) =>
          Promise.all(calls.map((call) => perform(app, call, `${round + 1}/${call.method}`))),
        ),
      )

      const events = await ingest.waitForEvents(calls.length * (1 + ROUNDS))
      const byConsumer = new Map(events.map((event) => [event.consumer_id, event]))
      for (let round = 0; round <= ROUNDS; round++) {
        for (const call of calls) {
          const { path, status_code, metadata } = byConsumer.get(`${round}/${call.method}`)!
          expect({ path, status_code, metadata: { ...metadata, ttfb_ms: undefined } }).toEqual({
            path: `/acme.v1.Greeter/${call.method}`,
            status_code: 200,
            metadata: {
              framework: 'grpc',
              protocol: 'h2',
              grpc_status: call.status,
              outcome: call.outcome,
            },
          })
        }
      }
      expectClosed(await app.stats())
    })
  })
})

function perform({ origin }: App, { method, headers, meddle }: Call, consumer: string): Promise<Http2Reply> {
  const sent = { 'content-type': 'application/grpc', te: 'trailers', 'x-api-key': consumer, ...headers }
  return askHttp2(origin, `/acme.v1.Greeter/${method}`, {
    method: 'POST',
    headers: sent,
    ...(meddle === undefined ? { body: EMPTY_MESSAGE } : { meddle }),
  })
}

function statusIn({ headers, trailers }: Http2Reply): number | undefined {
  const status = trailers['grpc-status'] ?? headers['grpc-status']
  return status === undefined ? undefined : Number(status)
}

/** All that the client saw but the time of day. */
function told({ headers: { date: _date, ...headers }, ...reply }: Http2Reply): object {
  return { ...reply, headers }
}

/** As in src/frameworks/grpc.ts. */
const MAX_PROCEDURES = 1000

scenario('a client cannot make up more procedures than a server may have', async ({ ingest, serve }) => {
  const app = await serve({ file: 'fixtures/grpc/any.cjs' })
  const headers = { 'content-type': 'application/proto' }
  for (let number = 0; number <= MAX_PROCEDURES; number++)
    await ask(app.origin, `/made.Up/P${number}`, { method: 'POST', headers })
  const events = await ingest.waitForEvents(MAX_PROCEDURES + 1)
  const taken = events.filter(({ metadata }) => metadata?.['framework'] === 'connect-rpc')
  expect(taken.map(({ path }) => path)).toEqual(
    Array.from({ length: MAX_PROCEDURES }, (_, number) => `/made.Up/P${number}`),
  )
  expectClosed(await app.stats())
})
