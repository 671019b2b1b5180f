import type { ConsumerNaming } from './consumer.ts'
import { cut, MAX_METHOD_CHARACTERS } from '../limits.ts'
import type { Exchange } from './exchange.ts'
import { decimal, isoTime, quoted, whole } from './json-text.ts'
import { MALFORMED_PATH } from './malformed.ts'
import { UNMATCHED_STATUSES, type PathNaming } from './paths.ts'
import { rawHeader } from './raw-headers.ts'
import { resolveRoute } from './route.ts'
import { traceIdOf } from './trace-context.ts'

/** Below this a separate time to first byte says nothing that the total does not. */
const MIN_TTFB_DIFFERENCE_MS = 1

export interface EventSettings {
  readonly pathOf: PathNaming
  readonly consumerOf: ConsumerNaming
  /** Static pairs that every event carries. */
  readonly metadata: Readonly<Record<string, string>>
}

/** Makes the event of an exchange that is over, as the JSON text that is kept and sent. */
export type EventLine = (exchange: Exchange) => string

/** Keys of `metadata` that are ours, and with what stands in the details of exchanges all that can be written twice. */
const OWN_KEYS: ReadonlySet<string> = new Set([
  'framework',
  'operation',
  'unmatched',
  'outcome',
  'ttfb_ms',
  'protocol',
  'trace_id',
  'grpc_status',
  'connection_ms',
  'bytes_received',
  'bytes_sent',
])

/** Text at once: an object for each event, and its walk by `JSON.stringify`, cost several times as much. */
export function eventLines(settings: EventSettings): EventLine {
  const line = lines(settings)
  // A static pair under a key of ours would be there twice. Ours stands later, and is what the parser takes.
  if (Object.keys(settings.metadata).some((key) => OWN_KEYS.has(key)))
    return (exchange) => JSON.stringify(JSON.parse(line(exchange)))
  return line
}

function lines({ pathOf, consumerOf, metadata }: EventSettings): EventLine {
  const fixed = Object.entries(metadata).reduce((text, [key, value]) => pair(text, key, quoted(value)), '')
  return (exchange) => {
    const { status, url } = exchange
    const { framework, template } = resolveRoute(exchange.route, status)
    const path = url === MALFORMED_PATH ? MALFORMED_PATH : pathOf(url, template, status)
    const consumer = consumerOf(exchange)
    const isUnmatched = template === undefined && UNMATCHED_STATUSES.has(status)
    const described = describe(fixed, exchange, framework, isUnmatched)
    const start = `{"method":${methodOf(exchange.method)},"path":${quoted(path)},"status_code":${whole(status)}`
    // In the order in which an event is written again that was read from the disk: a batch keeps its bytes.
    const sizes = `,"response_time_ms":${decimal(exchange.endedAt - exchange.startedAt)},"request_size":${whole(exchange.requestBytes)},"response_size":${whole(exchange.responseBytes)}`
    const time = `,"timestamp":"${isoTime(exchange.arrivedAt)}"`
    const caller = consumer === undefined ? '' : `,"consumer_id":${quoted(consumer)}`
    return `${start}${sizes}${time}${caller}${described === '' ? '}' : `,"metadata":{${described}}}`}`
  }
}

/** The pairs of `metadata`. */
function describe(
  fixed: string,
  exchange: Exchange,
  framework: string | undefined,
  isUnmatched: boolean,
): string {
  const { outcome, protocol, startedAt, headAt, endedAt, operation, details } = exchange
  let text = fixed
  if (framework !== undefined) text = pair(text, 'framework', quoted(framework))
  if (operation !== undefined) text = pair(text, 'operation', quoted(operation))
  if (isUnmatched) text = pair(text, 'unmatched', 'true')
  if (outcome !== 'completed') text = pair(text, 'outcome', quoted(outcome))
  if (headAt !== 0 && endedAt - headAt > MIN_TTFB_DIFFERENCE_MS)
    text = pair(text, 'ttfb_ms', decimal(headAt - startedAt))
  if (protocol !== undefined) text = pair(text, 'protocol', quoted(protocol))
  if (details !== undefined)
    for (const [key, value] of Object.entries(details)) text = pair(text, key, JSON.stringify(value))
  const traceId = traceIdOf(rawHeader(exchange.request, 'traceparent'))
  return traceId === undefined ? text : pair(text, 'trace_id', quoted(traceId))
}

function pair(before: string, key: string, json: string): string {
  return `${before === '' ? '' : `${before},`}${quoted(key)}:${json}`
}

/** Methods that were seen, as JSON. Node's parser knows some forty; over HTTP/2 a client may invent them. */
const methods = new Map<string, string>()
const MAX_METHODS = 100

function methodOf(method: string): string {
  const known = methods.get(method)
  if (known !== undefined) return known
  const text = quoted(cut(method.toUpperCase(), MAX_METHOD_CHARACTERS))
  if (methods.size < MAX_METHODS) methods.set(method, text)
  return text
}
