import type { Socket } from 'node:net'

/**
 * A connection of ours does not keep the application's process alive. One that is still being made does: for
 * libuv a pending connect, like a lookup, is work that cannot be unref'd. The deadline bounds it.
 */
export function unref(socket: Socket): void {
  socket.unref()
  // Each further address of a name is tried with a new handle, which does not know of the line above.
  if (socket.connecting) socket.once('connect', () => socket.unref())
}

/** Host without brackets, as sockets want it, and port of a URL. */
export function addressOf(url: URL): { host: string; port: number } {
  return {
    host: url.hostname.replaceAll(/[[\]]/g, ''),
    port: Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
  }
}
