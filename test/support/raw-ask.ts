import type { Socket } from 'node:net'
import { RawClient } from './raw-client.ts'

export interface RawAsk {
  /** Of the authority that signed the server's certificate; without it the connection is cleartext. */
  readonly ca?: string | undefined
  /** Does something to the connection at first, and each time that more has come. */
  readonly meddle?: (socket: Socket, received: string) => void
}

/** Writes to a port and gives what came back until the connection closed, one character for each byte. */
export async function askRaw(port: number, text: string, { ca, meddle }: RawAsk = {}): Promise<string> {
  const client = new RawClient({ port, host: '127.0.0.1', ...(ca !== undefined && { ca }) })
  const received = (): string => client.received.toString('latin1')
  client.socket.on('data', () => meddle?.(client.socket, received()))
  client.send(text)
  meddle?.(client.socket, '')
  await client.ended()
  return received()
}

/** Of an answer as it came: `HTTP/1.1 200 OK`. */
export function statusOf(answer: string): number {
  return Number(answer.slice(9, 12))
}

export function bodyOf(answer: string): string {
  return answer.slice(answer.indexOf('\r\n\r\n') + 4)
}
