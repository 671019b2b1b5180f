import type { ApiEvent } from '../../src/types/client.ts'
import type { App } from '../support/app.ts'
import { ask } from '../support/request.ts'

/** The servers of `fixtures/matrix/app.*`; the first has no framework. */
export const SERVERS = ['node', 'express', 'koa', 'hono', 'fastify'] as const

/** Each server's answer, as the ports became known. */
export function askAll(app: App): Promise<string[]> {
  const origins = app.ports.map((port) => `http://127.0.0.1:${port}`)
  return Promise.all(origins.map(async (origin) => (await ask(origin, '/users/7')).body.toString()))
}

export function told({ metadata, method, path, status_code }: ApiEvent): string {
  return `${String(metadata?.['framework'] ?? 'node')} ${method} ${path} ${status_code}`
}
