import type { ApiEvent, JsonValue } from '../types/client.ts'
import { consumerFromCode, consumerFromHeaders, cut } from './consumer.ts'
import type { Exchange } from './exchange.ts'
import { resolveRoute } from './route.ts'
import { CLIENT_CLOSED_REQUEST, hasBody, sentStatus } from './wire.ts'

const MAX_METHOD_CHARACTERS = 16
const MAX_PATH_CHARACTERS = 2048
/** Below this a separate time to first byte says nothing that the total does not. */
const MIN_TTFB_DIFFERENCE_MS = 1

/** Statuses that scanners and mistyped URLs earn; with no route behind them they are nobody's endpoint. */
const UNMATCHED = new Set([400, 404, 405, 414])

/** Turns a request URL without a framework route into the path to report. */
export type PathNaming = (url: string, status: number) => string

export interface EventSettings {
  readonly pathOf: PathNaming
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
  if (template === undefined && UNMATCHED.has(status)) metadata['unmatched'] = true
  if (!exchange.response.writableFinished) metadata['outcome'] = 'aborted'
  const ttfb = exchange.headAt - exchange.startedAt
  if (sent !== undefined && endedAt - exchange.headAt > MIN_TTFB_DIFFERENCE_MS)
    metadata['ttfb_ms'] = twoDecimals(ttfb)

  const event: ApiEvent = {
    method: cut(exchange.method.toUpperCase(), MAX_METHOD_CHARACTERS),
    path: cut(template ?? settings.pathOf(exchange.url, status), MAX_PATH_CHARACTERS),
    status_code: status,
    response_time_ms: twoDecimals(endedAt - exchange.startedAt),
    request_size: requestSize(exchange),
    response_size: hasBody(exchange.response) ? exchange.responseBytes : 0,
    timestamp: new Date(exchange.arrivedAt).toISOString(),
  }
  const consumer = consumerFromCode(exchange.consumer) ?? consumerFromHeaders(exchange.request.headers)
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
