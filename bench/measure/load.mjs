import { connect } from 'node:net'

/** Where chunked transfer ends. */
const LAST_CHUNK = '0\r\n\r\n'

/** Asks one path over kept-alive connections, each as soon as it has its answer. */
export class Load {
  #connections
  #left = 0
  #open = 0
  #closed = false
  #done = () => {}
  #failed = () => {}

  constructor(port, path, connections) {
    // With the headers of a usual client; the credential is what a consumer is told by.
    const request = [
      `GET ${path} HTTP/1.1`,
      'Host: 127.0.0.1',
      'User-Agent: bench',
      'Accept: application/json',
      'X-API-Key: bench-consumer',
      '\r\n',
    ].join('\r\n')
    this.#connections = Array.from({ length: connections }, () => this.#connection(port, request))
  }

  /** Resolves when so many requests were answered. */
  run(requests) {
    return new Promise((resolve, reject) => {
      this.#done = resolve
      this.#failed = reject
      this.#left = requests
      for (const connection of this.#connections) this.#next(connection)
    })
  }

  close() {
    this.#closed = true
    for (const { socket } of this.#connections) socket?.destroy()
  }

  #next(connection) {
    if (this.#left > 0) {
      this.#left--
      this.#open++
      connection.ask()
    } else if (this.#open === 0) {
      this.#done()
    }
  }

  /** Servers close what was idle for five seconds: then the next request goes over a connection anew. */
  #connection(port, request) {
    const connection = { socket: undefined, waiting: false, ask: undefined }
    const open = () => {
      let answer = ''
      const socket = connect(port, '127.0.0.1').setNoDelay()
      socket.on('data', (chunk) => {
        answer += chunk.latin1Slice()
        if (!isWhole(answer)) return
        if (!answer.startsWith('HTTP/1.1 200 ')) this.#failed(new Error(`answered ${answer.slice(0, 300)}`))
        answer = ''
        connection.waiting = false
        this.#open--
        this.#next(connection)
      })
      socket.on('error', () => {})
      socket.on('close', () => {
        connection.socket = undefined
        if (connection.waiting && !this.#closed) connection.ask()
      })
      return socket
    }
    connection.ask = () => {
      connection.waiting = true
      connection.socket ??= open()
      connection.socket.write(request)
    }
    return connection
  }
}

function isWhole(answer) {
  const head = answer.indexOf('\r\n\r\n')
  if (head === -1) return false
  const length = /\r\ncontent-length: (\d+)/i.exec(answer)?.[1]
  return length === undefined ? answer.endsWith(LAST_CHUNK) : answer.length === head + 4 + Number(length)
}
