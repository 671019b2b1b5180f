import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** Where chunked transfer ends. */
const LAST_CHUNK = '0\r\n\r\n'
/** A client has one connection for many requests. */
const STREAMS_PER_SESSION = 8
/** Those of a usual client; the credential is what a consumer is told by. */
const HEADERS = { 'User-Agent': 'bench', Accept: 'application/json', 'X-API-Key': 'bench-consumer' }
const HTTP1_HEAD = Object.entries({ Host: '127.0.0.1', ...HEADERS })
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('')
// The identity is this run's own, and trust is not what is measured.
const TLS = { host: '127.0.0.1', rejectUnauthorized: false }

/**
 * So many ways to ask a server, each one request at a time: `ask(path, done)`, where `done` is given an error unless
 * the answer is a whole 200.
 */
export function connectionsTo({ port, protocol }, count) {
  if (protocol === 'http2') return http2Streams(port, count)
  const open = protocol === 'https' ? () => connectTls({ ...TLS, port }) : () => connect(port, '127.0.0.1')
  return Array.from({ length: count }, () => new Http1Connection(open))
}

class Http1Connection {
  #open
  #socket
  #answer = ''
  #request
  #done

  constructor(open) {
    this.#open = open
  }

  ask(path, done) {
    this.#request = `GET ${path} HTTP/1.1\r\n${HTTP1_HEAD}\r\n`
    this.#done = done
    this.#send()
  }

  close() {
    this.#done = undefined
    this.#socket?.destroy()
  }

  #send() {
    this.#socket ??= this.#connected()
    this.#socket.write(this.#request)
  }

  #connected() {
    const socket = this.#open().setNoDelay()
    socket.on('data', (chunk) => this.#read(chunk.latin1Slice()))
    socket.on('error', () => {})
    // Servers close what was idle for five seconds: then the next request goes over a connection anew.
    socket.on('close', () => {
      this.#socket = undefined
      this.#answer = ''
      if (this.#done !== undefined) this.#send()
    })
    return socket
  }

  #read(text) {
    this.#answer += text
    const answer = this.#answer
    if (!isWhole(answer)) return
    const done = this.#done
    this.#answer = ''
    this.#done = undefined
    done(answer.startsWith('HTTP/1.1 200 ') ? undefined : new Error(`answered ${answer.slice(0, 300)}`))
  }
}

function isWhole(answer) {
  const head = answer.indexOf('\r\n\r\n')
  if (head === -1) return false
  const length = /\r\ncontent-length: (\d+)/i.exec(answer)?.[1]
  return length === undefined ? answer.endsWith(LAST_CHUNK) : answer.length === head + 4 + Number(length)
}

function http2Streams(port, count) {
  let session
  return Array.from({ length: count }, (_, n) => {
    if (n % STREAMS_PER_SESSION === 0) session = connectHttp2(`https://127.0.0.1:${port}`, TLS)
    const own = session
    const ask = (path, done) => {
      let status
      const stream = own.request({ ':path': path, ...HEADERS })
      stream.on('response', (head) => (status = head[':status']))
      stream.on('error', () => {})
      stream.on('close', () => done(status === 200 ? undefined : new Error(`answered ${status}`)))
      stream.resume()
    }
    return { ask, close: () => own.destroy() }
  })
}
