import type { ServerResponse } from 'node:http'

/** As nginx writes it: the client left before any response head was sent. */
export const CLIENT_CLOSED_REQUEST = 499

/** Offset of the status in `HTTP/1.1 200 OK`. */
const STATUS_AT = 9
const ZERO = 48

interface SentHead {
  /** The head as Node serialised it; the only place that still knows it when `statusCode` was changed afterwards. */
  readonly _header?: string | null
  /** False for HEAD, 204 and 304: what the application writes is not sent. */
  readonly _hasBody?: boolean
}

/** Status of the head that was sent, or undefined if none was. */
export function sentStatus(response: ServerResponse): number | undefined {
  const head = (response as SentHead)._header
  if (typeof head !== 'string') return undefined
  const status =
    (head.charCodeAt(STATUS_AT) - ZERO) * 100 +
    (head.charCodeAt(STATUS_AT + 1) - ZERO) * 10 +
    (head.charCodeAt(STATUS_AT + 2) - ZERO)
  return status >= 100 && status <= 999 ? status : response.statusCode
}

export function hasBody(response: ServerResponse): boolean {
  return (response as SentHead)._hasBody !== false
}
