import type { ApiEvent } from '../types/client.ts'
import { plain, styleOfStatus, type Paint } from './style.ts'
import { bytes, cutEnd, cutMiddle, milliseconds, printable } from './text.ts'

const METHOD_WIDTH = 7
const PATH_WIDTH = 36
const DURATION_WIDTH = 7
const BYTES_WIDTH = 6
/** A consumer may be a key as it was sent: as much of it as the hash of another has. */
const CONSUMER_WIDTH = 17
/** What of `metadata.outcome` and `metadata.protocol` calls for attention. */
const OUTCOME_STYLE = { aborted: 'yellow', error: 'red', upgraded: 'cyan' } as const

/**
 * One exchange on one line: when it arrived, what it was, how it ended.
 *
 * `12:03:04.123  GET     /orgs/:org/users/:id                  200    1.2ms    512B  ck_mobile`
 */
export function liveLine(event: ApiEvent, paint: Paint = plain): string {
  const { method, status_code: status } = event
  const columns = [
    paint('dim', localTime(event.timestamp)),
    paint('bold', cutEnd(printable(method), METHOD_WIDTH).padEnd(METHOD_WIDTH)),
    cutMiddle(printable(event.path), PATH_WIDTH).padEnd(PATH_WIDTH),
    paint(styleOfStatus(status), String(status)),
    milliseconds(event.response_time_ms).padStart(DURATION_WIDTH),
    paint('dim', bytes(event.response_size).padStart(BYTES_WIDTH)),
    cutEnd(printable(event.consumer_id ?? '-'), CONSUMER_WIDTH).padEnd(CONSUMER_WIDTH),
    ...marks(event, paint),
  ]
  return columns.join('  ').trimEnd()
}

function marks({ metadata }: ApiEvent, paint: Paint): string[] {
  const found: string[] = []
  const outcome = metadata?.['outcome']
  if (outcome === 'aborted' || outcome === 'error' || outcome === 'upgraded')
    found.push(paint(OUTCOME_STYLE[outcome], outcome === 'error' ? 'broke off' : outcome))
  if (metadata?.['unmatched'] === true) found.push(paint('yellow', 'no route'))
  return found
}

/** Of the day, in the time zone of the person who watches. */
function localTime(timestamp: string): string {
  const date = new Date(timestamp)
  const two = (value: number): string => String(value).padStart(2, '0')
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')
  return `${time}.${String(date.getMilliseconds()).padStart(3, '0')}`
}
