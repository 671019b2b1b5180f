import type { IncomingMessage } from 'node:http'
import { KnownRoute } from '../capture/route.ts'

/** A request keeps its route in `routeOptions` from 4.10 on, in its context before. */
export interface Request {
  readonly raw: IncomingMessage
  /** From 4 on. Turns true when a handler calls for "not found". */
  readonly is404?: boolean
  readonly routeOptions?: { readonly url?: string }
  readonly context?: { readonly config: { readonly url?: string } }
}

/** With what frameworks on top of Fastify are recognised by. */
export class FastifyRoute extends KnownRoute {
  readonly instance: object
  readonly request: Request

  constructor(instance: object, request: Request, template: string | undefined) {
    super('fastify', template)
    this.instance = instance
    this.request = request
  }
}
