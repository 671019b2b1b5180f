import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

/** Leaves without a word. Under TLS Node has no way to reset: there it is a connection that ends without goodbye. */
export function reset(socket: Socket): void {
  if (socket instanceof TLSSocket) socket.destroy()
  else socket.resetAndDestroy()
}
