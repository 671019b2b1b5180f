import shimmer from 'shimmer'

export type Method = (this: never, ...args: never[]) => unknown

/** shimmer reports to `console.error` unless told otherwise; stderr is the application's. */
shimmer({ logger: () => {} })

/** What shimmer leaves on a wrapper. OpenTelemetry takes every wrapper that has them for its own, and removes it. */
const MARKS = ['__original', '__unwrap', '__wrapped'] as const

/** Replaces a method by what `wrapper` makes of it. */
export function wrapMethod<Original extends Method>(
  target: object,
  name: string,
  wrapper: (original: Original) => Original,
): void {
  shimmer.wrap(target as Record<string, Original>, name, (original) => inPlaceOf(original, wrapper(original)))
  const wrapped = (target as Record<string, unknown>)[name]
  if (typeof wrapped === 'function') for (const mark of MARKS) Reflect.deleteProperty(wrapped, mark)
}

/**
 * Gives a wrapper name and length of what it stands for: frameworks tell kinds of handlers apart by length, and names
 * show in stack traces.
 */
export function inPlaceOf<Original extends Method>(original: Original, wrapper: Original): Original {
  for (const property of ['name', 'length'] as const) {
    Object.defineProperty(wrapper, property, { value: original[property], configurable: true })
  }
  return wrapper
}
