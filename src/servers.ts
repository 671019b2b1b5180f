import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { warnOnce } from './log.ts'
import { wrapMethod, type Method } from './wrap.ts'

/** The first is a property of servers of HTTP/1 alone, the second of those of HTTP/2; asking loads nothing. */
function looksLikeHttp(server: object): boolean {
  return 'keepAliveTimeout' in server || 'updateSettings' in server
}

/**
 * A server shows itself when it starts to listen; one that never listens (it is handed connections by
 * `server.emit('connection')`) at its first request, just before it is emitted. Neither channel loads `node:http`.
 */
export function watchServers(found: (server: object) => void): void {
  let latest: object | undefined
  const notice = (message: unknown): void => {
    try {
      const { server } = message as { server?: object }
      // Every request comes by here.
      if (server === latest) return
      latest = server
      if (typeof server === 'object' && looksLikeHttp(server)) found(server)
    } catch (fault) {
      warnOnce('watch', `could not capture a server: ${String(fault)}`)
    }
  }
  subscribe('tracing:net.server.listen:asyncStart', notice)
  if (!tellsOfListening(process.versions)) noticeListen((server) => notice({ server }))
  subscribe('http.server.request.start', notice)
}

/** From 20.16 on; Bun has the channels, and says nothing there. No feature shows it. */
function tellsOfListening({ node, bun }: NodeJS.ProcessVersions): boolean {
  const [major = 0, minor = 0] = node.split('.').map(Number)
  return bun === undefined && (major > 20 || (major === 20 && minor >= 16))
}

/** Loads a module, 2 ms that a program without a server pays as well: only where the channel is missing. */
function noticeListen(found: (server: object) => void): void {
  const { Server } =
    process.versions['bun'] === undefined
      ? (require('node:net') as typeof import('node:net'))
      : // Its servers of HTTP are none of `node:net`.
        (require('node:http') as typeof import('node:http'))
  wrapMethod<Method>(
    Server.prototype,
    'listen',
    (original) =>
      function listen(this: object): unknown {
        found(this)
        return Reflect.apply(original, this as never, arguments as never) as unknown
      },
  )
}

/**
 * The first stream of HTTP/2, on releases that tell of streams (22.22, 24.11 and later): its server may be one that
 * never listens. Said before the server emits it; before those releases such a server stays unseen.
 */
export function watchStreams(found: () => void): void {
  const channel = 'http2.server.stream.created'
  const notice = (): void => {
    unsubscribe(channel, notice)
    try {
      found()
    } catch (fault) {
      warnOnce('watch', `could not capture HTTP/2: ${String(fault)}`)
    }
  }
  subscribe(channel, notice)
}
