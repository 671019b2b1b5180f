import { array, constant, constantFrom, integer, nat, oneof, record, tuple, type Arbitrary } from 'fast-check'
import { bodyBytes } from './answer-size.ts'
import type { ExchangePlan, Leaving, Piece, ServerPlan } from './plan.ts'

export const often = <T>(weight: number, value: T): { weight: number; arbitrary: Arbitrary<T> } => ({
  weight,
  arbitrary: constant(value),
})
export const maybe = (chance: number): Arbitrary<boolean> =>
  oneof(often(chance, true), often(100 - chance, false))

/** Mostly small; at times more than a segment, more than a stream buffers, more than a socket takes at once. */
const size = oneof(
  { weight: 2, arbitrary: constantFrom(0, 1, 2) },
  { weight: 12, arbitrary: integer({ min: 3, max: 2_000 }) },
  { weight: 3, arbitrary: integer({ min: 2_000, max: 70_000 }) },
  { weight: 1, arbitrary: integer({ min: 70_000, max: 600_000 }) },
)

/** Delays that show in durations, but only at times: the tests are to end. */
const delay = oneof(often(8, 0), often(1, 4), often(1, 25))

const piece: Arbitrary<Piece> = record({
  as: constantFrom(
    'default',
    'utf8',
    'latin1',
    'ascii',
    'utf16le',
    'ucs2',
    'hex',
    'base64',
    'base64url',
    'buffer',
    'bytes',
  ),
  size,
})

const STATUSES = [200, 200, 200, 201, 202, 204, 206, 301, 304, 400, 401, 404, 418, 422, 500, 503]

/** Answers that come to their end. */
const finishing: Arbitrary<ServerPlan> = record({
  read: oneof(
    often(6, 'all' as const),
    often(1, 'slow' as const),
    often(2, 'resume' as const),
    often(1, 'none' as const),
  ),
  waits: delay,
  hints: maybe(8),
  processing: maybe(8),
  status: constantFrom(...STATUSES),
  head: constantFrom('implicit', 'object', 'reason', 'pairs', 'flush'),
  trailers: maybe(10),
  pieces: array(piece, { maxLength: 4 }),
  gap: oneof(often(9, 0), often(1, 3)),
  via: constantFrom('writes', 'end', 'end', 'callbacks', 'drain', 'cork', 'pipe', 'pipeline', 'gzip', 'web'),
  ending: oneof(often(9, 'end' as const), often(1, 'twice' as const)),
})

const upload: Arbitrary<ExchangePlan['upload']> = record({
  framing: constantFrom('none', 'length', 'chunked'),
  pieces: array(size, { minLength: 1, maxLength: 3 }),
  gap: oneof(often(6, 0), often(1, 3)),
  trailers: maybe(20),
  expect: maybe(12),
}).map(({ expect, framing, pieces, ...rest }) => ({
  ...rest,
  framing,
  pieces: framing === 'none' ? [] : pieces,
  ...(expect && framing !== 'none' && { expect: '100-continue' }),
}))

const BODILESS = ['GET', 'HEAD', 'OPTIONS', 'DELETE', 'PROPFIND']
const BODIED = ['POST', 'PUT', 'PATCH', 'QUERY', 'DELETE']

export type Unnamed = Omit<ExchangePlan, 'id'>

export const whole = (targets: Arbitrary<readonly [string, string]>): Arbitrary<Unnamed> =>
  record({ upload, target: targets, server: finishing, method: nat(4) }).map(
    ({ upload, target: [target, endpoint], server, method }) => ({
      method: (upload.framing === 'none' ? BODILESS : BODIED)[method]!,
      target,
      endpoint,
      version: '1.1',
      upload,
      server,
    }),
  )

const leaving = (ways: readonly Leaving['by'][]): Arbitrary<Leaving> =>
  record({
    at: constantFrom('head', 'body', 'silence', 'answer', 'torrent'),
    by: constantFrom(...ways),
  })

/** What the server has to do so that the client can leave there. */
const HELD: Record<Leaving['at'], Partial<ServerPlan>> = {
  head: {},
  body: { read: 'all' },
  silence: { mark: 0, ending: 'silence' },
  answer: { ending: 'hold' },
  torrent: { ending: 'torrent' },
}

export const left = (from: Arbitrary<Unnamed>, ways: readonly Leaving['by'][]): Arbitrary<Unnamed> =>
  tuple(from, leaving(ways), array(piece, { minLength: 1, maxLength: 3 })).map(([plan, leaving, pieces]) => ({
    ...plan,
    method: leaving.at === 'body' ? 'POST' : 'GET',
    upload:
      leaving.at === 'body'
        ? { framing: 'chunked', pieces: [400, 30_000], gap: 0 }
        : { framing: 'none', pieces: [], gap: 0 },
    server: { ...plan.server, ...STEADY, pieces, ...HELD[leaving.at] },
    leaving,
  }))

const STEADY = { read: 'all', status: 200, via: 'callbacks', trailers: false } as const

/** The server breaks off, after all it has written is out or in the same breath. */
export const broken = (from: Arbitrary<Unnamed>): Arbitrary<Unnamed> =>
  tuple(
    from,
    constantFrom('destroy', 'destroy with error', 'destroy socket'),
    constantFrom('callbacks', 'writes', 'web'),
  ).map(([plan, ending, via]) => ({
    ...plan,
    // An answer that may have no body is complete before it can break.
    method: 'POST',
    server: { ...plan.server, read: 'all', status: 200, trailers: false, via, ending },
  }))

/** HTTP/1.0: answers end with the connection, nothing comes in chunks. */
export const old = (from: Arbitrary<Unnamed>): Arbitrary<Unnamed> =>
  from.map((plan) => ({
    ...plan,
    version: '1.0',
    method: 'POST',
    upload: { framing: 'length', pieces: [77], gap: 0 },
  }))

/** Some answers say how long they are. */
export const claiming = (from: Arbitrary<Unnamed>): Arbitrary<Unnamed> =>
  tuple(from, maybe(40)).map(([plan, claims]) =>
    claims && plan.server.via !== 'gzip'
      ? { ...plan, server: { ...plan.server, trailers: false, length: bodyBytes(plan.server) } }
      : plan,
  )

/** The answer is longer or shorter than it says; Node lets it, and sends what it is given. */
export const lying = (from: Arbitrary<Unnamed>): Arbitrary<Unnamed> =>
  tuple(from, integer({ min: -20, max: 20 })).map(([plan, by]) => {
    const honest = {
      ...plan.server,
      pieces: [
        { as: 'latin1', size: 1_000 },
        { as: 'buffer', size: 321 },
      ],
    }
    const length = bodyBytes(honest) + by
    const server = {
      ...honest,
      via: 'writes',
      status: 200,
      read: 'all',
      trailers: false,
      close: true,
      length,
    } as const
    return { ...plan, method: 'POST', server }
  })

/** The server is asked for leave to send, and says no, or is asked for what it does not know. */
export const refused = (from: Arbitrary<Unnamed>): Arbitrary<Unnamed> =>
  tuple(from, constantFrom('100-continue', 'a-miracle')).map(([plan, expect]) => ({
    ...plan,
    method: 'POST',
    upload: { framing: 'length', pieces: [40], gap: 0, expect },
    // Closing on bytes that nobody has read makes the kernel reset the connection and forget what it had taken: of that
    // a server never hears.
    server: { ...plan.server, read: 'resume', admits: false, close: true },
  }))

/** Asks to leave HTTP, by `Upgrade` or CONNECT. */
export const upgrading = (targets: Arbitrary<readonly [string, string]>): Arbitrary<Unnamed> =>
  record({
    target: targets,
    protocol: constantFrom('websocket', 'WebSocket', 'own', undefined),
    answer: constantFrom('ws', 'accept', 'accept', 'refuse', 'destroy', 'silence'),
    bytes: oneof(integer({ min: 1, max: 500 }), integer({ min: 500, max: 30_000 })),
    cuts: nat(3),
    waits: delay,
    status: constantFrom(400, 401, 403, 426, 503),
    by: constantFrom('fin', 'reset'),
  }).map(({ target: [target, endpoint], protocol, answer, bytes, cuts, waits, status, by }) => {
    const asked = answer === 'ws' ? 'websocket' : protocol
    const tunnels = asked === undefined
    return {
      method: tunnels ? 'CONNECT' : 'GET',
      target: tunnels ? 'example.com:443' : target,
      endpoint: tunnels ? '/{authority}' : endpoint,
      version: '1.1',
      upload: { framing: 'none', pieces: [], gap: 0 },
      ...(asked !== undefined && { upgrade: asked }),
      server: { ...UPGRADING, waits, status, upgrade: { answer, bytes, cuts } },
      leaving: { at: answer === 'silence' ? 'silence' : 'answer', by },
    }
  })

const UPGRADING = { read: 'none', head: 'implicit', pieces: [], gap: 0, via: 'end', ending: 'hold' } as const
