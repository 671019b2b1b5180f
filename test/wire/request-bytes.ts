import { ID_HEADER } from './http1-accountant.ts'
import { cutAt, uploadBytes, type ExchangePlan } from './plan.ts'

/** Headers every client sends, whatever it adds of its own. */
export function requestHeaders(plan: ExchangePlan): Record<string, string> {
  const { upload, server, leaving } = plan
  const headers: Record<string, string> = {
    [ID_HEADER]: plan.id,
    'x-plan': JSON.stringify(leaving?.at === 'body' ? { ...server, mark: cutAt(plan) } : server),
  }
  if (upload.framing === 'length') headers['content-length'] = String(uploadBytes(plan))
  if (upload.framing === 'chunked') headers['transfer-encoding'] = 'chunked'
  // The client of `ws` has its own.
  if (plan.upgrade !== undefined && server.upgrade?.answer !== 'ws') {
    headers['connection'] = 'Upgrade'
    headers['upgrade'] = plan.upgrade
  }
  if (upload.expect !== undefined) headers['expect'] = upload.expect
  return headers
}

/** The head of a request as text, one character per byte. */
export function requestHead(plan: ExchangePlan): string {
  const lines = Object.entries({ Host: 'api.example.com', ...requestHeaders(plan) }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  )
  return `${plan.method} ${plan.target} HTTP/${plan.version}\r\n${lines.join('')}\r\n`
}

/** The body as it goes over the wire, up to that many bytes of it; its end only with the whole of it. */
export function* uploadChunks(plan: ExchangePlan, upTo: number): Generator<Buffer> {
  const { framing, pieces, trailers } = plan.upload
  let left = upTo
  for (const size of pieces) {
    const taken = Math.min(size, left)
    left -= taken
    if (taken === 0) continue
    const data = Buffer.alloc(taken, 'u')
    if (framing === 'length') yield data
    else
      yield Buffer.concat([
        Buffer.from(`${size.toString(16)}\r\n`),
        data,
        Buffer.from(taken === size ? '\r\n' : ''),
      ])
  }
  if (framing === 'chunked' && upTo === uploadBytes(plan))
    yield Buffer.from(trailers ? '0\r\nx-sum: 1\r\n\r\n' : '0\r\n\r\n')
}
