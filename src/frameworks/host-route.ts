import type { Exchange } from '../capture/exchange.ts'
import type { RouteSource } from '../capture/route.ts'

/** The routes of a host, under the name of the framework that is built on it. */
export class HostRoute implements RouteSource {
  readonly framework: string
  outer: RouteSource | undefined
  readonly #host: RouteSource
  readonly #hasRoute: boolean

  /** @param hasRoute Whether what the host found is a route of the application. */
  constructor(framework: string, host: RouteSource, hasRoute: boolean) {
    this.framework = framework
    this.outer = host.outer
    this.#host = host
    this.#hasRoute = hasRoute
  }

  get url(): string | undefined {
    return this.#host.url
  }

  template(): string | undefined {
    return this.#hasRoute ? this.#host.template() : undefined
  }

  mount(): string | undefined {
    return this.#host.mount?.()
  }
}

/**
 * Puts the innermost host that `named` knows under its other name: what is inside and around stays where it is.
 *
 * @param unseen What stands around all that is known, if the host could not be observed.
 */
export function nameHost(
  exchange: Exchange,
  named: (host: RouteSource) => HostRoute | undefined,
  unseen?: () => HostRoute | undefined,
): void {
  let inner: RouteSource | undefined
  let route: HostRoute | undefined
  for (let source = exchange.route; source !== undefined && route === undefined; source = source.outer) {
    route = named(source)
    if (route === undefined) inner = source
  }
  route ??= unseen?.()
  if (route === undefined) return
  if (inner === undefined) exchange.route = route
  else inner.outer = route
}
