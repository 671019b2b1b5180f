import { createHash } from 'node:crypto'
import { request, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import type { Case } from '../contract.ts'
import { askHttp2 } from './http2-client.ts'

/** What a client saw, as far as it is the same at any time. Of an answer it left there is nothing but the status. */
export interface Answer {
  readonly status: number | undefined
  readonly headers?: IncomingHttpHeaders
  readonly bytes?: number
  readonly digest?: string
}

/** Performs a case on a connection of its own, under a consumer's name that the event will carry. */
export function perform(origin: string, one: Case, consumer: string): Promise<Answer> {
  const [method, path] = one.ask.split(' ') as [string, string]
  const { hostname, port } = new URL(origin)
  const headers: Record<string, string> = { 'x-api-key': consumer, ...one.headers }
  if (one.protocol === 'h2') return answerOverHttp2(origin, path, { method, headers, body: one.body })
  // The server's "continue" tells that it has the request, which it answers in no other way.
  if (one.leaves === 'before the head') headers['expect'] = '100-continue'
  const outgoing = request({ hostname, port, path, method, headers, agent: false })
  const answer = one.leaves === undefined ? wholeAnswer(outgoing) : leftAnswer(outgoing)
  outgoing.end(one.body)
  return answer
}

async function answerOverHttp2(
  origin: string,
  path: string,
  { body, ...options }: { method: string; headers: Record<string, string>; body: string | undefined },
): Promise<Answer> {
  const reply = await askHttp2(origin, path, { ...options, ...(body !== undefined && { body }) })
  const { date: _date, ...headers } = reply.headers
  const digest = createHash('sha256').update(reply.body).digest('hex')
  return { status: reply.status, headers, bytes: reply.body.byteLength, digest }
}

function wholeAnswer(outgoing: ClientRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    outgoing.on('error', reject)
    outgoing.on('response', (response: IncomingMessage) => {
      const hash = createHash('sha256')
      let bytes = 0
      response.on('error', reject)
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.byteLength
        hash.update(chunk)
      })
      response.on('end', () => {
        const { date: _date, ...headers } = response.headers
        resolve({ status: response.statusCode, headers, bytes, digest: hash.digest('hex') })
      })
    })
  })
}

/** Leaves at the first sign of the server: its "continue", or the first bytes of a body. */
function leftAnswer(outgoing: ClientRequest): Promise<Answer> {
  return new Promise((resolve) => {
    let status: number | undefined
    outgoing.on('error', () => {})
    outgoing.on('continue', () => outgoing.destroy())
    outgoing.on('response', (response: IncomingMessage) => {
      status = response.statusCode
      response.on('error', () => {})
      response.on('data', () => outgoing.destroy())
    })
    outgoing.on('close', () => resolve({ status }))
  })
}
