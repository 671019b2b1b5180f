import { cut, MAX_CONSUMER_CHARACTERS, MAX_METHOD_CHARACTERS, MAX_PATH_CHARACTERS } from '../limits.ts'
import type { ApiEvent, JsonValue, TrackedEvent } from '../types/client.ts'

/** UTF-8 needs at most three bytes for one UTF-16 unit; below this no exact count is needed. */
const MAX_BYTES_PER_UNIT = 3

/**
 * An event in JSON, at most `maxBytes` long. One that is longer loses its `metadata`; undefined if even that does not
 * help.
 */
export function fitted(line: string, maxBytes: number): string | undefined {
  if (fits(line, maxBytes)) return line
  const { metadata: _, ...bare } = JSON.parse(line) as ApiEvent
  const shorter = JSON.stringify(bare)
  return fits(shorter, maxBytes) ? shorter : undefined
}

function fits(line: string, maxBytes: number): boolean {
  return line.length * MAX_BYTES_PER_UNIT <= maxBytes || Buffer.byteLength(line) <= maxBytes
}

/**
 * A program's event made whole, or undefined if it is none. The program's object is left as it is;
 * one with getters that throw is no event either.
 */
export function eventFromProgram(event: unknown): ApiEvent | undefined {
  try {
    return typeof event === 'object' && event !== null ? completed(event) : undefined
  } catch {
    return undefined
  }
}

function completed(event: Partial<TrackedEvent>): ApiEvent | undefined {
  const { method, path, status_code, timestamp, consumer_id, metadata } = event
  if (typeof method !== 'string' || typeof path !== 'string' || !Number.isInteger(status_code))
    return undefined
  const whole: ApiEvent = {
    method: cut(method.toUpperCase(), MAX_METHOD_CHARACTERS),
    path: cut(path, MAX_PATH_CHARACTERS),
    status_code: status_code!,
    response_time_ms: count(event.response_time_ms),
    request_size: count(event.request_size),
    response_size: count(event.response_size),
    timestamp: typeof timestamp === 'string' ? timestamp : new Date().toISOString(),
  }
  if (typeof consumer_id === 'string' && consumer_id !== '')
    whole.consumer_id = cut(consumer_id, MAX_CONSUMER_CHARACTERS)
  const plain = serializable(metadata)
  if (plain !== undefined) whole.metadata = plain
  return whole
}

function count(value: unknown): number {
  return typeof value === 'number' && value >= 0 && Number.isFinite(value) ? value : 0
}

/** Metadata is the program's own object: it may hold a BigInt, a cycle or a getter that throws. */
function serializable(metadata: unknown): Record<string, JsonValue> | undefined {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) return undefined
  try {
    return JSON.parse(JSON.stringify(metadata)) as Record<string, JsonValue>
  } catch {
    return undefined
  }
}
