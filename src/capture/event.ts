import type { ApiEvent, JsonValue } from '../types/client.ts'
import type { ConsumerNaming } from './consumer.ts'
import { cut, MAX_METHOD_CHARACTERS } from '../limits.ts'
import type { Exchange } from './exchange.ts'
import { UNMATCHED_STATUSES, type PathNaming } from './paths.ts'
import { rawHeader } from './raw-headers.ts'
import { resolveRoute } from './route.ts'
import { traceIdOf } from './trace-context.ts'
import { CLIENT_CLOSED_REQUEST, hasBody, sentStatus } from './wire.ts'

/** Below this a separate time to first byte says nothing that the total does not. */
const MIN_TTFB_DIFFERENCE_MS = 1

export interface EventSettings {
  readonly pathOf: PathNaming
  readonly consumerOf: ConsumerNaming
  /** Static pairs that every event carries. */
  readonly metadata: Readonly<Record<string, string>>
}

/** The event of an exchange that is over. */
export function eventOf(exchange: Exchange, settings: EventSettings): ApiEvent {
  const endedAt = performance.now()
  const sent = sentStatus(exchange.response)
  const status = sent ?? CLIENT_CLOSED_REQUEST
  const { framework, template } = resolveRoute(exchange.route, status)
  const metadata: Record<string, JsonValue> = { ...settings.metadata }
  if (framework !== undefined) metadata['framework'] = framework
  if (template === undefined && UNMATCHED_STATUSES.has(status)) metadata['unmatched'] = true
  if (!exchange.response.writableFinished) metadata['outcome'] = 'aborted'
  const ttfb = exchange.headAt - exchange.startedAt
  if (sent !== undefined && endedAt - exchange.headAt > MIN_TTFB_DIFFERENCE_MS)
    metadata['ttfb_ms'] = twoDecimals(ttfb)
  const traceId = traceIdOf(rawHeader(exchange.request, 'traceparent'))
  if (traceId !== undefined) metadata['trace_id'] = traceId

  const event: ApiEvent = {
    method: cut(exchange.method.toUpperCase(), MAX_METHOD_CHARACTERS),
    path: settings.pathOf(exchange.url, template, status),
    status_code: status,
    response_time_ms: twoDecimals(endedAt - exchange.startedAt),
    request_size: requestSize(exchange),
    response_size: hasBody(exchange.response) ? exchange.responseBytes : 0,
    timestamp: new Date(exchange.arrivedAt).toISOString(),
  }
  const consumer = settings.consumerOf(exchange)
  if (consumer !== undefined) event.consumer_id = consumer
  for (const _ in metadata) {
    event.metadata = metadata
    break
  }
  return event
}

/** A content-length is true once the whole body has come in; otherwise what was counted is all that is known. */
function requestSize({ request, requestBytes }: Exchange): number {
  const length = request.complete ? request.headers['content-length'] : undefined
  return length === undefined ? requestBytes : Number(length) || 0
}

function twoDecimals(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100
}
