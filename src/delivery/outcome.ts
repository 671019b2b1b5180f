/** What the endpoint, or the way to it, said to one batch. */
export type Answer =
  | { readonly status: number; readonly retryAfter: string | undefined }
  /** No usable answer: refused, reset, timed out, not HTTP. */
  | { readonly failure: Error }
  /** Nothing was sent: the configuration names an endpoint or a proxy that must not, or cannot, be used. */
  | { readonly refused: string }

/** What follows for the batch. */
export type Outcome =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'retry'; readonly retryAfterMs: number | undefined; readonly why: string }
  | { readonly kind: 'split' }
  | { readonly kind: 'bisect'; readonly status: number }
  | { readonly kind: 'hold'; readonly why: string }

const RETRIED = new Set([408, 425, 429])
/** Configuration or account: sending the same again at once cannot help, and the events are good. */
const HELD = new Set([401, 402, 403, 404, 407, 501, 505])

/** The table of the ingestion protocol, section 2. */
export function outcomeOf(answer: Answer, now: number = Date.now()): Outcome {
  if ('failure' in answer) return { kind: 'retry', retryAfterMs: undefined, why: describe(answer.failure) }
  if ('refused' in answer) return { kind: 'hold', why: answer.refused }
  const { status, retryAfter } = answer
  if (status >= 200 && status < 300) return { kind: 'accepted' }
  if (status === 413) return { kind: 'split' }
  if (HELD.has(status) || (status >= 300 && status < 400)) return { kind: 'hold', why: `status ${status}` }
  if (status >= 400 && status < 500 && !RETRIED.has(status)) return { kind: 'bisect', status }
  return { kind: 'retry', retryAfterMs: retryAfterMs(retryAfter, now), why: `status ${status}` }
}

function describe(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? error.message
}

const MIN_RETRY_AFTER_MS = 1000
const MAX_RETRY_AFTER_MS = 300_000

/**
 * `Retry-After` in seconds or as a date (RFC 9110, section 10.2.3), clamped to 1…300 s; anything else is ignored.
 */
export function retryAfterMs(value: string | undefined, now: number): number | undefined {
  const text = value?.trim() ?? ''
  const ms = /^\d+$/.test(text)
    ? Number(text) * 1000
    : /^[A-Z][a-z]{2},/.test(text)
      ? Date.parse(text) - now
      : Number.NaN
  if (Number.isNaN(ms)) return undefined
  return Math.min(Math.max(ms, MIN_RETRY_AFTER_MS), MAX_RETRY_AFTER_MS)
}
