import type { Socket } from 'node:net'

/** A connection of ours never keeps the application's process alive. */
export function unref(socket: Socket): void {
  socket.unref()
  // Each further address of a name is tried with a new handle, which does not know of the line above.
  if (socket.connecting) socket.on('connectionAttempt', () => socket.unref())
}

/** Host without brackets, as sockets want it, and port of a URL. */
export function addressOf(url: URL): { host: string; port: number } {
  return {
    host: url.hostname.replaceAll(/[[\]]/g, ''),
    port: Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
  }
}
