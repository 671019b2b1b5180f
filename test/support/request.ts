import { request, type IncomingHttpHeaders, type RequestOptions } from 'node:http'

export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface Ask extends RequestOptions {
  readonly body?: string | Buffer
}

/** One request on a connection of its own, answered in full. */
export function ask(origin: string, path: string, { body, ...options }: Ask = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(origin)
    const outgoing = request({ hostname, port, path, agent: false, ...options }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) }),
      )
      response.on('error', reject)
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

export interface Abort {
  /** Leave this long after asking. */
  readonly afterMs?: number
  /** Leave once this much of the answer has come. */
  readonly afterBytes?: number
  readonly headers?: RequestOptions['headers']
}

/** Sends a request and leaves in the middle. */
export function abort(origin: string, path: string, { afterMs, afterBytes, headers }: Abort): Promise<void> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(origin)
    const outgoing = request({ hostname, port, path, agent: false, headers: headers ?? {} }, (response) => {
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.byteLength
        if (afterBytes !== undefined && bytes >= afterBytes) outgoing.destroy()
      })
      response.on('error', () => {})
    })
    outgoing.on('error', () => {})
    outgoing.on('close', () => resolve())
    outgoing.end()
    if (afterMs !== undefined) setTimeout(() => outgoing.destroy(), afterMs)
  })
}
