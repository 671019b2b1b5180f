import { inPlaceOf, type Method } from '../wrap.ts'

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
  const original = target[name]
  const ours = inPlaceOf(original, wrapper(original))
  Object.defineProperty(target, name, {
    configurable: true,
    enumerable: own?.enumerable ?? false,
    get: () => ours,
    // Whoever replaces the method finds afterwards what an assignment leaves without us: an ordinary property, the last.
    set: (value: Original) => {
      delete (target as Partial<typeof target>)[name]
      target[name] = value as (typeof target)[Name]
    },
  })
  return () => {
    if (target[name] !== ours) return
    if (own === undefined) delete (target as Partial<typeof target>)[name]
    else Object.defineProperty(target, name, own)
  }
}
