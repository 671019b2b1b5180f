import type { Recognize } from '../capture/exchange.ts'
import { registry } from './index.ts'

/** Of the frameworks of these names, those that are known by what they leave on an exchange: every server needs them. */
export function recognizersOf(names: readonly string[]): Recognize[] {
  return registry.flatMap(({ name, recognizes, load }) =>
    recognizes === true && names.includes(name) ? (load().recognize ?? []) : [],
  )
}
