import type { ApiEvent } from '../../src/types/client.ts'
import { askHttp2, type Http2Ask, type Http2Reply } from './http2-client.ts'
import type { Stage } from './stage.ts'

/** Where HTTP/2 is spoken. */
export interface Transport {
  readonly transport: string
  readonly scheme: 'http' | 'https'
}

export const TRANSPORTS: readonly Transport[] = [
  { transport: 'cleartext', scheme: 'http' },
  { transport: 'TLS', scheme: 'https' },
]

/** One exchange on a session of its own, with its one event. */
export async function exchangeOver(
  stage: Stage,
  origin: string,
  path: string | undefined,
  options: Http2Ask = {},
): Promise<{ event: ApiEvent; reply: Http2Reply }> {
  const name = stage.newName()
  const reply = await askHttp2(origin, path, {
    ca: stage.authority.pem,
    ...options,
    headers: { ...options.headers, 'x-api-key': name },
  })
  return { reply, event: await stage.eventOf(name) }
}
