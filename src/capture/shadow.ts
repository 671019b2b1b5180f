import type { Method } from '../wrap.ts'

/**
 * Puts a method of ours before one of a single object, and gives the function that takes it away again: to the
 * last trace, unless somebody has put theirs before ours since.
 */
export function shadow<Name extends string, Original extends Method>(
  target: { [Key in Name]: Original },
  name: Name,
  wrapper: (original: Original) => Original,
): () => void {
  const own = Object.getOwnPropertyDescriptor(target, name)
  const value = wrapper(target[name])
  Object.defineProperty(target, name, { value, configurable: true, writable: true, enumerable: false })
  return () => {
    if (target[name] !== value) return
    if (own === undefined) delete (target as Partial<typeof target>)[name]
    else Object.defineProperty(target, name, own)
  }
}
