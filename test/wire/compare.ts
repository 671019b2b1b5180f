import type { ApiEvent } from '../../src/types/client.ts'
import type { Account } from './account.ts'
import { bodyBytes } from './answer-size.ts'
import { uploadBytes, type ExchangePlan } from './plan.ts'

/** Timers of Node may fire this much early, and the event rounds to a hundredth of it. */
const TIMER_EARLY_MS = 1.1
/**
 * The server hands over its last byte before the proxy has it, but hears of it only when its loop comes round: on a
 * busy machine that takes a while. Only a wrong clock, or a wrong unit, is further off.
 */
const LATE_MS = 5_000
/** What the kernel holds of a connection at most: net.ipv4.tcp_wmem of the sender and tcp_rmem of the receiver. */
const KERNEL_BYTES = 40_000_000

/** Inclusive bounds; a number alone is both. */
type Bounds = number | readonly [number, number]

/** What is wrong with the event of an exchange: a line for each field, empty if it says what the wire says. */
export function differences(
  plan: ExchangePlan,
  account: Account,
  event: ApiEvent,
  secure: boolean,
): string[] {
  const lines: string[] = []
  const expect = (field: string, actual: unknown, expected: unknown): void => {
    if (actual !== expected) lines.push(`${field} is ${String(actual)}, on the wire ${String(expected)}`)
  }
  const within = (field: string, actual: number, bounds: Bounds): void => {
    const [least, most] = typeof bounds === 'number' ? [bounds, bounds] : bounds
    if (!(actual >= least && actual <= most))
      lines.push(`${field} is ${actual}, on the wire ${least} to ${most}`)
  }
  expect('method', event.method, account.method)
  expect('path', event.path, plan.endpoint)
  const lost = lostByKernel(plan, account)
  const guessed = isOvertaken(account) || (secure && isLostInRecord(account, event))
  const handed = lost || (guessed && event.status_code === plan.server.status)
  const ended = lost || (isEndOvertaken(plan, account) && event.metadata?.['outcome'] === undefined)
  expect('status_code', event.status_code, handed ? plan.server.status : statusOf(account))
  expect('outcome', event.metadata?.['outcome'], ended ? undefined : outcomeOf(account))
  expect('protocol', event.metadata?.['protocol'], protocolOf(plan, account))
  within('request_size', event.request_size, uploaded(plan, account))
  within(
    'response_size',
    event.response_size,
    lost || isInterimMisplaced(plan, account) ? handedOver(plan) : downloaded(account),
  )
  compareClocks(plan, account, event, within)
  return lines
}

/**
 * A server that closes while bytes of the request are unread, or still come, is reset by its own kernel, and what this
 * had taken of the answer and not delivered is lost. No program on the server's side ever hears of it: the event of an
 * answer that came to its end says, rightly, that all of it was sent. Such are resets by a server that was told to
 * answer in good order.
 */
function lostByKernel({ server }: ExchangePlan, { departure, responseEnded }: Account): boolean {
  return inGoodOrder(server) && !responseEnded && departure?.by === 'server' && departure.reset
}

function inGoodOrder({ ending }: ExchangePlan['server']): boolean {
  return ending === 'end' || ending === 'twice'
}

/**
 * A stream was reset between the answer's head and the next round of the server's loop, in which the session would
 * have sent it. The session tells nobody: the head counts as sent.
 */
function isOvertaken({ protocol, status, departure }: Account): boolean {
  return protocol === 'h2' && status === undefined && departure?.reset === true
}

/** The same of the last frame of an answer that its application has ended. */
function isEndOvertaken({ server }: ExchangePlan, { protocol, responseEnded, departure }: Account): boolean {
  return protocol === 'h2' && !responseEnded && departure?.reset === true && server.ending === 'end'
}

/**
 * What the kernel took under TLS is known to a record: where it took nothing of an answer that the server then broke
 * off, the head may seem to be out. Never any of the body.
 */
function isLostInRecord({ status, departure }: Account, event: ApiEvent): boolean {
  return status === undefined && departure?.by === 'server' && event.response_size === 0
}

/**
 * Where a request is read before Node has done with the answer before it, its own answer waits, and a 1xx that was
 * written meanwhile leaves after the head: the client takes it for body, which shows where the body's length is told.
 */
function isInterimMisplaced({ server }: ExchangePlan, { status, interim, responseBytes }: Account): boolean {
  const isMissing = server.processing === true && status === server.status && interim.length === 0
  return isMissing && server.length !== undefined && responseBytes > server.length
}

/** All that the application gave; what a compressor makes of that is anybody's guess. */
function handedOver({ method, server }: ExchangePlan): Bounds {
  if (method === 'HEAD' || server.status === 204 || server.status === 304) return 0
  return server.via === 'gzip' ? [0, KERNEL_BYTES] : bodyBytes(server)
}

/** The client left in the middle of its request. Node still says 400 then, to nobody: it is no answer. */
function leftUnasked({ departure, requestEnded }: Account): boolean {
  return departure?.by === 'client' && !requestEnded
}

/** As on the wire. Without a head there: 499 if the client left, 500 if the server broke off. */
function statusOf(account: Account): number {
  if (leftUnasked(account)) return 499
  return account.status ?? (account.departure?.by === 'client' ? 499 : 500)
}

function protocolOf({ upgrade }: ExchangePlan, { protocol }: Account): string | undefined {
  if (protocol === 'h2') return 'h2'
  return upgrade?.toLowerCase() === 'websocket' ? 'websocket' : undefined
}

/** As `metadata.outcome`; undefined for an answer that came whole. */
export function outcomeOf(account: Account): string | undefined {
  if (account.tunnel) return 'upgraded'
  if (leftUnasked(account)) return 'aborted'
  if (account.responseEnded) return undefined
  return account.departure?.by === 'client' ? 'aborted' : 'error'
}

/**
 * Exact when the server has read all of it. A server that answers without reading may be done before the rest comes;
 * what it was sent until then is all that it can have received.
 */
function uploaded(plan: ExchangePlan, account: Account): Bounds {
  const { requestBytes, tunnel } = account
  // What passes through is no body.
  if (tunnel) return 0
  const readsAll = plan.server.read === 'all' || plan.server.read === 'slow'
  const heard = readsAll && !wasCutOff(plan, account) && (account.requestEnded || plan.leaving?.at === 'body')
  return heard || uploadBytes(plan) === 0 ? requestBytes : [0, requestBytes]
}

/** The connection was closing when the request came: of what followed the head nobody knows how much was read. */
function wasCutOff({ server }: ExchangePlan, { departure, responseEnded }: Account): boolean {
  return inGoodOrder(server) && !responseEnded && departure?.by === 'server'
}

/**
 * Exact when the answer came to its end, and when it broke off without a reset: after a FIN the proxy reads until the
 * server closes, so that all that the server's kernel took has come. A reset throws away what is in flight: then the
 * bytes that came are the least, and what the kernels can have held besides is the most. The plan tells when nothing
 * was in flight: the client had all, and left the server waiting.
 */
function downloaded({ responseBytes, responseEnded, departure, tunnel }: Account): Bounds {
  if (tunnel) return 0
  if (responseEnded || departure?.reset !== true) return responseBytes
  return [responseBytes, responseBytes + KERNEL_BYTES]
}

function compareClocks(
  { server, leaving }: ExchangePlan,
  account: Account,
  event: ApiEvent,
  within: (field: string, actual: number, bounds: Bounds) => void,
): void {
  const end = account.responseEnded ? account.answeredAt : Math.max(account.departure!.at, account.answeredAt)
  // What Node answers by itself comes at once.
  const planned = account.status === server.status && leaving === undefined ? server.waits : 0
  const most = end - account.requestedAt + LATE_MS
  const atLeast = planned === 0 ? 0 : planned - TIMER_EARLY_MS
  within('response_time_ms', event.response_time_ms, [atLeast, most])
  const ttfb = event.metadata?.['ttfb_ms'] as number | undefined
  if (ttfb !== undefined) within('ttfb_ms', ttfb, [atLeast, event.response_time_ms])
  // The timestamp has whole milliseconds.
  within('timestamp', Date.parse(event.timestamp), [account.requestedOn - 1, account.requestedOn + most])
}
