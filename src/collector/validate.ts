import { MAX_CONSUMER_CHARACTERS, MAX_METHOD_CHARACTERS, MAX_PATH_CHARACTERS } from '../limits.ts'
import type { ApiEvent } from '../types/client.ts'

/** Node puts any of these on the wire. */
const MIN_STATUS = 100
const MAX_STATUS = 999
/** A message is for a person: enough of a value to recognise it. */
const MAX_SHOWN_CHARACTERS = 40

type Check = readonly [field: keyof ApiEvent, accepts: (value: unknown) => boolean, expected: string]

const CHECKS: readonly Check[] = [
  ['method', textUpTo(MAX_METHOD_CHARACTERS), `a string of 1 to ${MAX_METHOD_CHARACTERS} characters`],
  ['path', textUpTo(MAX_PATH_CHARACTERS), `a string of 1 to ${MAX_PATH_CHARACTERS} characters`],
  ['status_code', isStatus, `an integer from ${MIN_STATUS} to ${MAX_STATUS}`],
  ['response_time_ms', isAmount, 'a number, 0 or more'],
  ['request_size', isAmount, 'a number, 0 or more'],
  ['response_size', isAmount, 'a number, 0 or more'],
  ['timestamp', isTime, 'a date and time in ISO 8601'],
  [
    'consumer_id',
    optional(textUpTo(MAX_CONSUMER_CHARACTERS)),
    `a string of 1 to ${MAX_CONSUMER_CHARACTERS} characters, or absent`,
  ],
  ['metadata', optional(isObject), 'an object, or absent'],
]

/** Why this is no event; undefined if it is one. Fields that the protocol does not know are let through. */
export function complaintAbout(event: unknown): string | undefined {
  if (!isObject(event)) return `must be an object, got ${shown(event)}`
  for (const [field, accepts, expected] of CHECKS) {
    const value = (event as Record<string, unknown>)[field]
    if (!accepts(value)) return `${field} must be ${expected}; got ${shown(value)}`
  }
  return undefined
}

function textUpTo(limit: number): (value: unknown) => boolean {
  return (value) => typeof value === 'string' && value !== '' && value.length <= limit
}

function optional(accepts: (value: unknown) => boolean): (value: unknown) => boolean {
  return (value) => value === undefined || accepts(value)
}

function isStatus(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= MIN_STATUS && (value as number) <= MAX_STATUS
}

function isAmount(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

function isTime(value: unknown): boolean {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value))
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing'
  const text = JSON.stringify(value)
  return text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}…` : text
}
