/** What the adapter's own constraint says of a version that is none: in all releases, and kept by minifiers. */
const NEST_VERSIONS = 'Version constraint should be a string or an array of strings.'

interface Constraints {
  readonly constraints?: { readonly version?: { readonly validate?: unknown } }
}

interface Options extends Constraints {
  readonly routerOptions?: Constraints
}

const verdicts = new WeakMap<object, boolean>()

/** By how routes are versioned, which Nest's adapter brings along wherever it makes the instance itself. */
export function isNestOnFastify(instance: object): boolean {
  let isNest = verdicts.get(instance)
  if (isNest === undefined) {
    const { routerOptions, constraints } = optionsOf(instance) ?? {}
    const version = (routerOptions?.constraints ?? constraints)?.version
    isNest = String(version?.validate).includes(NEST_VERSIONS)
    verdicts.set(instance, isNest)
  }
  return isNest
}

function optionsOf(instance: object): Options | undefined {
  const key = Object.getOwnPropertySymbols(instance).find(
    ({ description }) => description === 'fastify.options',
  )
  return key && (instance as Record<symbol, Options>)[key]
}
