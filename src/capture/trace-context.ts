/** W3C Trace Context, `traceparent`: version, trace id, parent id, flags; lower-case hex only. */
const TRACEPARENT = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-[\da-f]{2}(-.*)?$/
const FORBIDDEN_VERSION = 'ff'
const NO_TRACE = '0'.repeat(32)
const NO_PARENT = '0'.repeat(16)

/**
 * The trace id of a valid header. Versions to come may add fields behind the four of version 00,
 * and are read by these four, as the specification asks.
 */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  if (traceparent === undefined) return undefined
  const [, version, traceId, parentId, more] = TRACEPARENT.exec(traceparent) ?? []
  if (version === undefined || version === FORBIDDEN_VERSION) return undefined
  if (version === '00' && more !== undefined) return undefined
  return traceId === NO_TRACE || parentId === NO_PARENT ? undefined : traceId
}
