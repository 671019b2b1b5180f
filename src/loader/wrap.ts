import shimmer from 'shimmer'

export type Method = (this: unknown, ...args: unknown[]) => unknown

/** shimmer reports to `console.error` unless told otherwise; stderr is the application's. */
shimmer({ logger: () => {} })

/**
 * Replaces a method of a framework by what `wrapper` makes of it. Name and length stay:
 * frameworks tell kinds of handlers apart by length, and names show in stack traces.
 */
export function wrapMethod(target: object, name: string, wrapper: (original: Method) => Method): void {
  shimmer.wrap(target as Record<string, Method>, name, (original) => {
    const wrapped = wrapper(original)
    for (const property of ['name', 'length'] as const) {
      Object.defineProperty(wrapped, property, { value: original[property], configurable: true })
    }
    return wrapped
  })
}
