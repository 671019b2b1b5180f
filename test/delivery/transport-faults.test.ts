import type { Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { Transport } from '../../src/delivery/transport.ts'
import { batch } from '../support/batches.ts'
import { RawServer } from '../support/raw-server.ts'
import { until } from '../support/until.ts'

type Fault = readonly [
  name: string,
  act: (socket: Socket) => void,
  /** An accepted status, or what the failure says. */
  expected: number | RegExp,
]

const OK = 'HTTP/1.1 202 Accepted\r\ncontent-length: 2\r\n\r\n{}'
/** For what runs into it. */
const SHORT_DEADLINE_MS = 150
/** For what comes before it on the busiest machine. */
const LONG_DEADLINE_MS = 2000
const DEADLINE = /no answer within \d+ ms/
const CLOSED = /ECONNRESET|socket hang up/

/** Writes for as long as the peer takes it. */
function flood(socket: Socket, head: string, chunk: string): void {
  socket.write(head)
  const more = (): void => {
    while (socket.writable && socket.write(chunk));
  }
  socket.on('drain', more)
  more()
}

/** One byte after the other, quick enough that no idle timeout would ever end it. */
function drip(socket: Socket, text: string): void {
  let sent = 0
  const timer = setInterval(() => {
    if (socket.writable) socket.write(text.charAt(sent++ % text.length))
  }, 10)
  socket.on('close', () => clearInterval(timer))
}

const faults: readonly Fault[] = [
  ['a body that breaks off', (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nx'), 200],
  [
    'a body with broken framing',
    (socket) => socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'),
    200,
  ],
  [
    'a reset in the body',
    (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n', () => socket.resetAndDestroy()),
    200,
  ],
  [
    'a body that stalls',
    (socket) => socket.write('HTTP/1.1 202 Accepted\r\ncontent-length: 99\r\n\r\nx'),
    202,
  ],
  [
    'a body that drips',
    (socket) => {
      socket.write('HTTP/1.1 202 Accepted\r\n\r\n')
      drip(socket, 'x')
    },
    202,
  ],
  [
    'a body that never ends',
    (socket) => flood(socket, 'HTTP/1.1 202 Accepted\r\n\r\n', 'x'.repeat(65_536)),
    202,
  ],
  [
    'an error whose body stalls',
    (socket) => socket.write('HTTP/1.1 503 Busy\r\ncontent-length: 99\r\n\r\n'),
    503,
  ],
  ['garbage', (socket) => socket.write('\u0000\u0001 this is not HTTP\r\n\r\n'), /HPE_/],
  ['garbage after the answer', (socket) => socket.write(`${OK}\u0000garbage`), 202],
  ['two answers', (socket) => socket.write(OK + OK), 202],
  [
    'a head without end',
    (socket) => flood(socket, 'HTTP/1.1 200 OK\r\n', `x: ${'y'.repeat(8000)}\r\n`),
    /HPE_HEADER_OVERFLOW/,
  ],
  ['a head that drips', (socket) => drip(socket, `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(10_000)}`), DEADLINE],
  [
    'a flood of 1xx',
    (socket) => socket.write('HTTP/1.1 102 Processing\r\n\r\n'.repeat(100)),
    /more than 10 informational/,
  ],
  ['a drip of 1xx', (socket) => drip(socket, 'HTTP/1.1 100 Continue\r\n\r\n'), DEADLINE],
  [
    'hints before the answer',
    (socket) => socket.write(`HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n${OK}`),
    202,
  ],
  [
    'an upgrade',
    (socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
    /unexpected answer 101/,
  ],
  ['silence', () => {}, DEADLINE],
  ['a close without an answer', (socket) => socket.end(), CLOSED],
  ['a reset without an answer', (socket) => socket.resetAndDestroy(), CLOSED],
]

test.concurrent.for(faults)(
  '%s: told as it is, over within the deadline, and the next batch goes through',
  async ([_name, act, expected], { expect, onTestFinished }) => {
    let well = false
    const raw = await RawServer.start((socket) => (well ? void socket.write(OK) : act(socket)))
    onTestFinished(() => raw.close())
    const deadlineMs = expected === DEADLINE ? SHORT_DEADLINE_MS : LONG_DEADLINE_MS
    const transport = new Transport({ endpoint: raw.url, apiKey: 'key', deadlineMs })
    onTestFinished(() => transport.close())
    const answer = await transport.send(batch('first'))
    if (typeof expected === 'number') expect(answer).toMatchObject({ status: expected })
    else expect(describe(answer)).toMatch(expected)
    // Both sockets may still be held by the fault.
    await transport.send(batch('second'))
    well = true
    expect(await transport.send(batch('third'))).toMatchObject({ status: 202 })
  },
)

test.each(faults)('%s: 200 times leave no socket behind and no listener too many', async (_name, act) => {
  const warnings: Error[] = []
  const warn = (warning: Error): void => void warnings.push(warning)
  process.on('warning', warn)
  onTestFinished(() => void process.off('warning', warn))
  const raw = await RawServer.start(act)
  onTestFinished(() => raw.close())
  const before = resources()
  const transport = new Transport({ endpoint: raw.url, apiKey: 'key', deadlineMs: 20 })
  for (let round = 0; round < 100; round++)
    await Promise.all([transport.send(batch('a')), transport.send(batch('b'))])
  expect(raw.sockets.size).toBeLessThanOrEqual(4)
  transport.close()
  await until(
    () => raw.sockets.size === 0 && resources() <= before,
    () => `${before} sockets; there are ${resources()} and ${raw.sockets.size} at the server`,
  )
  expect(warnings).toEqual([])
})

function describe(answer: object): string {
  const { failure } = answer as { failure?: NodeJS.ErrnoException }
  return `${failure?.code ?? ''} ${failure?.message ?? JSON.stringify(answer)}`
}

/** Sockets of either side. Not timers: Node counts none that is unref'd. */
function resources(): number {
  return process.getActiveResourcesInfo().filter((type) => type.includes('TCPSocket')).length
}
