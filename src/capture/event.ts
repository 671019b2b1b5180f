import type { ApiEvent, JsonValue } from '../types/client.ts'
import type { ConsumerNaming } from './consumer.ts'
import { cut, MAX_METHOD_CHARACTERS } from '../limits.ts'
import type { Exchange } from './exchange.ts'
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

/** The event of an exchange that is over. */
export function eventOf(exchange: Exchange, settings: EventSettings): ApiEvent {
  const { status } = exchange
  const { framework, template } = resolveRoute(exchange.route, status)
  const event: ApiEvent = {
    method: cut(exchange.method.toUpperCase(), MAX_METHOD_CHARACTERS),
    path: exchange.url === MALFORMED_PATH ? MALFORMED_PATH : settings.pathOf(exchange.url, template, status),
    status_code: status,
    response_time_ms: twoDecimals(exchange.endedAt - exchange.startedAt),
    request_size: exchange.requestBytes,
    response_size: exchange.responseBytes,
    timestamp: new Date(exchange.arrivedAt).toISOString(),
  }
  const consumer = settings.consumerOf(exchange)
  if (consumer !== undefined) event.consumer_id = consumer
  const metadata: Record<string, JsonValue> = { ...settings.metadata }
  if (framework !== undefined) metadata['framework'] = framework
  if (exchange.operation !== undefined) metadata['operation'] = exchange.operation
  if (template === undefined && UNMATCHED_STATUSES.has(status)) metadata['unmatched'] = true
  describeEnd(exchange, metadata)
  const traceId = traceIdOf(rawHeader(exchange.request, 'traceparent'))
  if (traceId !== undefined) metadata['trace_id'] = traceId
  for (const _ in metadata) {
    event.metadata = metadata
    break
  }
  return event
}

function describeEnd(exchange: Exchange, metadata: Record<string, JsonValue>): void {
  const { outcome, protocol, startedAt, headAt, endedAt } = exchange
  if (outcome !== 'completed') metadata['outcome'] = outcome
  if (headAt !== 0 && endedAt - headAt > MIN_TTFB_DIFFERENCE_MS)
    metadata['ttfb_ms'] = twoDecimals(headAt - startedAt)
  if (protocol !== undefined) metadata['protocol'] = protocol
  if (exchange.details !== undefined) Object.assign(metadata, exchange.details)
}

function twoDecimals(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100
}
