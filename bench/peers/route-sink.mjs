import { once } from 'node:events'
import { createServer } from 'node:http'
import { gunzipSync, inflateSync } from 'node:zlib'
import { decode } from './msgpack.mjs'

/**
 * Takes what the agents export, and keeps the route of each request under the trace id that the request came with.
 * `undefined` is "seen, without a route"; of what was never seen there is no entry.
 */
export class RouteSink {
  routes = new Map()
  #server

  async start() {
    this.#server = createServer(async (request, response) => {
      const chunks = []
      for await (const chunk of request) chunks.push(chunk)
      const body = inflated(Buffer.concat(chunks), request.headers['content-encoding'])
      const read = READERS[request.url.split('?', 1)[0]]
      for (const [traceId, route] of read?.(body) ?? []) this.routes.set(traceId, route)
      response.writeHead(202, { 'content-type': 'application/json' }).end('{}')
    })
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return `http://127.0.0.1:${this.#server.address().port}`
  }

  close() {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}

function inflated(body, encoding) {
  if (encoding === 'gzip') return gunzipSync(body)
  return encoding === 'deflate' ? inflateSync(body) : body
}

/** By the path an export is posted to: pairs of trace id and route. */
const READERS = {
  '/v1/events': (body) => JSON.parse(body).map(({ path, metadata }) => [metadata.trace_id, path]),

  '/v1/traces': (body) =>
    JSON.parse(body)
      .resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
      .filter(({ kind }) => kind === OTLP_SERVER)
      .map(({ traceId, attributes }) => [
        traceId,
        attributes.find(({ key }) => key === 'http.route')?.value.stringValue,
      ]),

  // The resource is method and route; of 128 bits of a trace id the agent's protocol has the lower half.
  '/v0.4/traces': (body) =>
    decode(body)
      .flat()
      .filter(({ meta }) => meta['span.kind'] === 'server')
      .map(({ trace_id, resource, meta }) => [
        `${meta['_dd.p.tid'] ?? ''}${BigInt(trace_id).toString(16).padStart(16, '0')}`,
        withoutMethod(resource),
      ]),

  '/intake/v2/events': (body) =>
    body
      .toString()
      .split('\n')
      .filter((line) => line.startsWith('{"transaction"'))
      .map((line) => JSON.parse(line).transaction)
      .map(({ trace_id, name }) => [
        trace_id,
        name.endsWith('unknown route') ? undefined : withoutMethod(name),
      ]),
}

/** Of `SpanKind`, in OTLP. */
const OTLP_SERVER = 2

function withoutMethod(name) {
  return /^[A-Z]+ (.*)$/.exec(name)?.[1]
}
