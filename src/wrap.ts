import shimmer from 'shimmer'

export type Method = (this: never, ...args: never[]) => unknown

/** shimmer reports to `console.error` unless told otherwise; stderr is the application's. */
shimmer({ logger: () => {} })

/**
 * Replaces a method by what `wrapper` makes of it. Name and length stay: frameworks tell kinds of
 * handlers apart by length, and names show in stack traces.
 */
export function wrapMethod<Original extends Method>(
  target: object,
  name: string,
  wrapper: (original: Original) => Original,
): void {
  shimmer.wrap(target as Record<string, Original>, name, (original) => {
    const wrapped = wrapper(original)
    for (const property of ['name', 'length'] as const) {
      Object.defineProperty(wrapped, property, { value: original[property], configurable: true })
    }
    return wrapped
  })
}
