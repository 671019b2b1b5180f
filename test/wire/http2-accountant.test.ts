import { expect, test } from 'vitest'
import { Http2Accountant, type StreamName } from './http2-accountant.ts'

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

function frame(type: number, flags: number, stream: number, payload: string = ''): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, Buffer.from(payload, 'latin1')])
}

const CLIENT = Buffer.concat([
  PREFACE,
  frame(4, 0, 0),
  frame(1, 0x4, 1, 'head'),
  frame(0, 0, 1, 'hello'),
  // Padded: one byte says how much, three of padding.
  frame(0, 0x1 | 0x8, 1, '\u0003data\0\0\0'),
  frame(1, 0x5, 3, 'head'),
  frame(1, 0x5, 5, 'head'),
  frame(3, 0, 5, '\0\0\0\u0008'),
])
const SERVER = Buffer.concat([
  frame(4, 0, 0),
  // 103 as a literal, behind a new size of the table.
  frame(1, 0x4, 1, '\u0020\u0048\u0003103more'),
  // 200 by its index.
  frame(1, 0x4, 1, '\u0088more'),
  frame(0, 0, 1, 'abc'),
  // 418 by Huffman's code: 011010 00001 011110.
  frame(1, 0x4, 5, '\u0048\u0083\u0068\u002f\u007f'),
  frame(0, 0, 5, 'in flight'),
  frame(0, 0, 1, 'd'),
  // Trailers.
  frame(1, 0x5, 1, '\0\u0001a\u0001b'),
  // Padded, with a priority.
  frame(1, 0x4 | 0x8 | 0x20, 3, '\u0001\0\0\0\0\0\u008d\0'),
  frame(3, 0, 3, '\0\0\0\u0002'),
])
const NAMES = new Map<number, StreamName>(
  [1, 3, 5].map((stream) => [stream, { id: `s${stream}`, method: 'GET', target: '/' }]),
)

test.each([1, 2, 5, 64, 1e6])('streams are told apart, padding is no body, in pieces of %d bytes', (step) => {
  const accountant = new Http2Accountant((stream) => NAMES.get(stream))
  for (let i = 0; i < CLIENT.length; i += step) accountant.fromClient(CLIENT.subarray(i, i + step))
  for (let i = 0; i < SERVER.length; i += step) accountant.fromServer(SERVER.subarray(i, i + step))
  expect(accountant.accounts).toMatchObject([
    {
      id: 's1',
      requestBytes: 9,
      requestEnded: true,
      interim: [103],
      status: 200,
      responseBytes: 4,
      responseEnded: true,
    },
    {
      id: 's3',
      requestBytes: 0,
      status: 404,
      responseBytes: 0,
      responseEnded: false,
      departure: { by: 'server', reset: true },
    },
    {
      id: 's5',
      status: 418,
      responseBytes: 9,
      responseEnded: false,
      departure: { by: 'client', reset: true },
    },
  ])
})
