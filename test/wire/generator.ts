import { array, constantFrom, oneof, option, record, sample, type Arbitrary } from 'fast-check'
import {
  broken,
  claiming,
  left,
  lying,
  maybe,
  often,
  old,
  refused,
  upgrading,
  whole,
  type Unnamed,
} from './arbitraries.ts'
import { SECURE, type ConnectionPlan, type ExchangePlan, type ServerPlan } from './plan.ts'
import { ODD_TARGETS, TARGETS } from './targets.ts'

const target = constantFrom(...TARGETS)
const anyTarget = constantFrom(...TARGETS, ...ODD_TARGETS)

const port = constantFrom('plain', 'plain', 'explicit', 'explicit', 'secure', 'fallback')

/**
 * Not in a pipeline under TLS: when answers pile up there, Node 24 pauses its parser, feeds it the rest of what it has
 * decrypted all the same, and takes the parser's refusal (`HPE_PAUSED`) for an error of the client.
 */
const manner = record({ port, pipelined: maybe(25) }).map(({ port, pipelined }) => ({
  port,
  pipelined: pipelined && !SECURE.has(port),
}))

/** Whole exchanges, and at times one at the end that ends the connection with it. */
const raw: Arbitrary<ConnectionPlan> = record({
  manner,
  reading: oneof(often(6, 'fast' as const), often(1, 'slow' as const)),
  wholes: array(claiming(whole(anyTarget)), { minLength: 0, maxLength: 5 }),
  last: option(
    oneof(
      { weight: 4, arbitrary: left(whole(target), ['fin', 'reset', 'half']) },
      { weight: 2, arbitrary: broken(whole(target)) },
      { weight: 1, arbitrary: old(whole(target)) },
      { weight: 1, arbitrary: lying(whole(target)) },
      { weight: 1, arbitrary: refused(whole(target)) },
    ),
    { freq: 5, nil: undefined },
  ),
}).map(({ manner, reading, wholes, last }) => ({
  ...manner,
  reading,
  client: 'raw',
  exchanges: named(sequence(wholes, last, manner.pipelined), manner),
}))

/**
 * Node forgets that an answer was destroyed while others of its connection came first, and the client waits for ever.
 * So those that come first must be over once the client has them whole.
 */
function sequence(
  wholes: readonly Unnamed[],
  last: Unnamed | undefined,
  pipelined: boolean,
): readonly Unnamed[] {
  if (last === undefined) return wholes
  if (!last.server.ending.startsWith('destroy')) return [...wholes, last]
  return pipelined ? [last] : [...wholes.filter(endsWithItsLastByte), last]
}

function endsWithItsLastByte({ method, server }: Unnamed): boolean {
  return method !== 'HEAD' && server.status !== 204 && server.status !== 304 && server.length === undefined
}

const real: Arbitrary<ConnectionPlan> = record({
  client: constantFrom('http', 'fetch'),
  port,
  exchanges: array(
    oneof(
      { weight: 8, arbitrary: claiming(whole(target)) },
      { weight: 1, arbitrary: left(whole(target), ['fin']) },
      { weight: 2, arbitrary: broken(whole(target)) },
    ),
    { minLength: 1, maxLength: 6 },
  ),
}).map(({ exchanges, ...rest }) => {
  const connection = { ...rest, pipelined: false, reading: 'fast' } as const
  // It trusts no certificate of ours.
  if (rest.client === 'fetch' && SECURE.has(rest.port))
    return { ...connection, client: 'http', exchanges: named(exchanges, connection) }
  return { ...connection, exchanges: named(exchanges, connection) }
})

/**
 * On a pipeline an expectation has no use, and Node sends an early 1xx of an answer whose turn has not come after the
 * answer's head, in the middle of its body.
 */
function named(plans: readonly Unnamed[], { pipelined }: Pick<ConnectionPlan, 'pipelined'>): ExchangePlan[] {
  if (!pipelined) return plans.map((plan) => ({ ...plan, id: '' }))
  return plans.map(({ upload: { expect: _expect, ...upload }, server, ...plan }) => ({
    ...plan,
    id: '',
    upload,
    server: { ...server, hints: false, processing: false },
  }))
}

/** Streams of one session. */
const multiplexed: Arbitrary<ConnectionPlan> = record({
  port: constantFrom('h2c', 'h2'),
  pipelined: maybe(50),
  exchanges: array(
    oneof(
      { weight: 8, arbitrary: whole(target) },
      { weight: 2, arbitrary: left(whole(target), ['reset']) },
      { weight: 1, arbitrary: broken(whole(target)) },
    ),
    { minLength: 1, maxLength: 8 },
  ),
}).map(({ port, exchanges, pipelined }) => ({
  client: 'http2',
  port,
  pipelined,
  reading: 'fast',
  exchanges: exchanges.filter(suitsStreams).map((plan) => ({ ...plan, id: '', server: streamed(plan) })),
}))

function suitsStreams({ leaving, server }: Unnamed): boolean {
  return leaving?.at !== 'head' && server.ending !== 'destroy socket'
}

/** Bytes of a body that a stream takes with nobody reading. */
const STREAM_WINDOW_BYTES = 65_535

function streamed({ server, upload }: Unnamed): ServerPlan {
  const bytes = upload.pieces.reduce((sum, size) => sum + size, 0)
  return {
    ...server,
    // There is no reason in HTTP/2.
    head: server.head === 'reason' ? 'object' : server.head,
    // Writing after the end resets the stream, at once or behind its last frame.
    ending: server.ending === 'twice' ? 'end' : server.ending,
    // Node never ends a stream whose client waits for leave to send more.
    read: server.read === 'none' && bytes > STREAM_WINDOW_BYTES ? 'resume' : server.read,
  }
}

/** Connections that leave HTTP, are refused to, or break off over it. */
const leavingHttp: Arbitrary<ConnectionPlan> = record({
  port,
  exchanges: array(upgrading(target), { minLength: 1, maxLength: 3 }),
}).map(({ port, exchanges }) => ({
  client: 'upgrade',
  port,
  pipelined: false,
  reading: 'fast',
  exchanges: exchanges.map((plan) => ({ ...plan, id: '' })),
}))

const connection = oneof(
  { weight: 6, arbitrary: raw },
  { weight: 2, arbitrary: real },
  { weight: 1, arbitrary: multiplexed },
  { weight: 1, arbitrary: leavingHttp },
)

/** Plans of connections, the same for the same seed, that hold about so many exchanges. */
export function connections(seed: number, exchanges: number, name: (n: number) => string): ConnectionPlan[] {
  const plans: ConnectionPlan[] = []
  let count = 0
  for (const plan of sample(connection, { seed, numRuns: exchanges })) {
    plans.push({ ...plan, exchanges: plan.exchanges.map((one) => ({ ...one, id: name(count++) })) })
    if (count >= exchanges) break
  }
  return plans
}
