import { describe, expect, test } from 'vitest'
import type { Account } from './account.ts'
import { Http1Accountant } from './http1-accountant.ts'

/** What the instrument itself must get right, counted by hand. */
const CONNECTIONS: Record<string, { client: string; server: string; accounts: Array<Partial<Account>> }> = {
  'content-length both ways': {
    client: 'POST /a HTTP/1.1\r\nx-api-key: 1\r\nContent-Length: 5\r\n\r\n12345',
    server: 'HTTP/1.1 201 Created\r\ncontent-length: 3\r\n\r\nabc',
    accounts: [
      {
        id: '1',
        method: 'POST',
        target: '/a',
        status: 201,
        requestBytes: 5,
        responseBytes: 3,
        responseEnded: true,
      },
    ],
  },
  'chunks, with extensions and trailers': {
    client:
      'PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nA;x=y\r\n0123456789\r\n1\r\n\r\r\n0\r\nx: y\r\n\r\n',
    server: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n',
    accounts: [{ requestBytes: 11, requestEnded: true, responseBytes: 2, responseEnded: true }],
  },
  'a pipeline whose answers have no bodies, after interim ones': {
    client:
      'HEAD /a HTTP/1.1\r\n\r\n\r\nGET /b HTTP/1.1\r\n\r\nGET /c HTTP/1.1\r\n\r\nGET /d HTTP/1.1\r\n\r\n',
    server:
      'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n' +
      'HTTP/1.1 204 No Content\r\ncontent-length: 9\r\n\r\n' +
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 304 Not Modified\r\ntransfer-encoding: chunked\r\n\r\n' +
      'HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n',
    accounts: [
      { method: 'HEAD', target: '/a', interim: [103], status: 200, responseBytes: 0, responseEnded: true },
      { target: '/b', interim: [], status: 204, responseBytes: 0, responseEnded: true },
      { target: '/c', interim: [100], status: 304, responseBytes: 0, responseEnded: true },
      { target: '/d', status: 200, responseBytes: 0, responseEnded: true },
    ],
  },
  'an answer that ends with the connection': {
    client: 'GET / HTTP/1.0\r\n\r\n',
    server: 'HTTP/1.1 200 OK\r\n\r\nuntil the end',
    accounts: [{ responseBytes: 13, responseEnded: true, departure: undefined }],
  },
  'an answer that goes on after its end': {
    client: 'GET / HTTP/1.1\r\n\r\n',
    server: 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nabcd',
    accounts: [{ responseBytes: 4, responseEnded: true }],
  },
  'an answer that breaks off': {
    client: 'GET / HTTP/1.1\r\n\r\n',
    server: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabc',
    accounts: [
      { responseBytes: 3, responseEnded: false, departure: expect.objectContaining({ by: 'server' }) },
    ],
  },
  'no answer at all': {
    client: 'POST / HTTP/1.1\r\ncontent-length: 10\r\n\r\n123',
    server: '',
    accounts: [
      {
        requestBytes: 3,
        requestEnded: false,
        status: undefined,
        departure: expect.objectContaining({ by: 'server' }),
      },
    ],
  },
  'a tunnel': {
    client: 'CONNECT example.com:443 HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n',
    server: 'HTTP/1.1 200 Connected\r\n\r\nanything',
    accounts: [{ method: 'CONNECT', target: 'example.com:443', status: 200, tunnel: true }],
  },
  'an answer to what was no request': {
    client: 'GARBAGE\r\n',
    server: 'HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n',
    accounts: [{ id: undefined, status: 400, responseEnded: true }],
  },
}

function keep(client: string, server: string, step: number): Account[] {
  const accountant = new Http1Accountant()
  for (const [bytes, take] of [
    [client, (part: Buffer): void => accountant.fromClient(part)],
    [server, (part: Buffer): void => accountant.fromServer(part)],
  ] as const) {
    const all = Buffer.from(bytes, 'latin1')
    for (let i = 0; i < all.length; i += step) take(all.subarray(i, i + step))
  }
  accountant.gone('server', false)
  return accountant.accounts
}

describe.each(Object.entries(CONNECTIONS))('%s', (_name, { client, server, accounts }) => {
  test.each([1, 2, 3, 7, 64, 1e6])('in pieces of %d bytes', (step) => {
    expect(keep(client, server, step)).toMatchObject(accounts)
    expect(keep(client, server, step)).toHaveLength(accounts.length)
  })
})

test('what is neither a chunk nor a head is told, not counted', () => {
  expect(() => keep('POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n', '', 9)).toThrow(
    'not a chunk size',
  )
})
