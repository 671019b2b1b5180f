import { once } from 'node:events'
import {
  connect,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type SecureClientSessionOptions,
} from 'node:http2'

/** What a client saw of one stream. */
export interface Http2Reply {
  /** Undefined if no head came. */
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly trailers: IncomingHttpHeaders
  readonly informational: readonly number[]
  readonly pushed: ReadonlyArray<{ readonly path: string; readonly body: string }>
  readonly resetBy: number
}

export interface Http2Ask extends SecureClientSessionOptions {
  readonly method?: string
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string | Buffer
  /** Does something to the stream once it is open. Bodies are read to their end unless it pauses the stream. */
  readonly meddle?: (stream: ClientHttp2Stream, session: ClientHttp2Session) => void
}

/**
 * One request on a session of its own. Resolves when its stream is closed, however that came.
 *
 * @param path CONNECT has none.
 */
export async function askHttp2(
  origin: string,
  path: string | undefined,
  { method = 'GET', headers, body, meddle, ...options }: Http2Ask = {},
): Promise<Http2Reply> {
  const session = connect(origin, options)
  session.on('error', () => {})
  const pushed: Array<{ path: string; body: string }> = []
  session.on('stream', (stream, request) => {
    const push = { path: String(request[':path']), body: '' }
    pushed.push(push)
    stream.on('data', (chunk: Buffer) => (push.body += chunk))
  })
  const stream = session.request(
    { ':method': method, ...(path !== undefined && { ':path': path }), ...headers },
    { endStream: body === undefined && meddle === undefined },
  )
  const reply = await settled(stream, () => {
    meddle?.(stream, session)
    if (body !== undefined) stream.end(body)
    else if (meddle !== undefined && method !== 'POST' && method !== 'CONNECT') stream.end()
  })
  // What is pushed may still be on its way. Otherwise Node's session can hang: after a GOAWAY it closes for nobody.
  if (pushed.length > 0) {
    session.close()
    await once(session, 'close')
  }
  session.destroy()
  return { ...reply, pushed }
}

function settled(stream: ClientHttp2Stream, start: () => void): Promise<Omit<Http2Reply, 'pushed'>> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const informational: number[] = []
    let headers: IncomingHttpHeaders & { ':status'?: number | undefined } = {}
    let trailers: IncomingHttpHeaders = {}
    stream.on('headers', (information) => informational.push(Number(information[':status'])))
    stream.on('response', (head) => (headers = head))
    stream.on('trailers', (tail) => (trailers = tail))
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('error', () => {})
    stream.on('close', () => {
      const resetBy = stream.rstCode ?? constants.NGHTTP2_NO_ERROR
      resolve({
        status: headers[':status'],
        headers,
        body: Buffer.concat(chunks),
        trailers,
        informational,
        resetBy,
      })
    })
    start()
  })
}
