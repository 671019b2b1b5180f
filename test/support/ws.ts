import { createRequire } from 'node:module'
import { root } from './app.ts'

export interface WebSocketClient extends NodeJS.EventEmitter {
  send(data: string | Buffer): void
  close(): void
  terminate(): void
}

/** Of the package `ws`, as the fixtures pin it. */
export const WebSocket: new (url: string, options: object) => WebSocketClient = (
  createRequire(`${root}fixtures/upgrade/`)('ws') as { WebSocket: typeof WebSocket }
).WebSocket
