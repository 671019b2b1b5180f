import { fork, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { root } from '../support/app.ts'
import { Authority } from '../support/certificates.ts'
import { Ingest } from '../support/ingest.ts'
import { ProxyServer } from '../support/proxy-server.ts'
import { RawServer } from '../support/raw-server.ts'
import { TlsIngest } from '../support/tls-ingest.ts'
import { until } from '../support/until.ts'

/** The process, and what it has told. It ends when it is let go, unless something of ours holds it. */
function start(...args: readonly string[]): { child: ChildProcess; told: unknown[]; stderr: () => string } {
  const program = `${root}test/support/transport-process.ts`
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const told: unknown[] = []
  let stderr = ''
  child.on('message', (message) => told.push(message))
  child.stderr!.on('data', (chunk: Buffer) => (stderr += chunk))
  return { child, told, stderr: () => stderr }
}

async function expectToEnd(child: ChildProcess): Promise<void> {
  child.send('go')
  expect(await once(child, 'exit')).toEqual([0, null])
}

test('a request without an answer does not keep the process alive', async () => {
  const raw = await RawServer.start(() => {})
  onTestFinished(() => raw.close())
  const { child, stderr } = start(raw.url)
  await until(() => raw.received.endsWith('[{}]'), stderr)
  await expectToEnd(child)
})

test('a kept-alive connection, or a body without end, does not keep the process alive', async () => {
  for (const length of [0, 99]) {
    const raw = await RawServer.start((socket) => {
      socket.write(`HTTP/1.1 202 Accepted\r\ncontent-length: ${length}\r\n\r\n`)
    })
    onTestFinished(() => raw.close())
    const { child, told, stderr } = start(raw.url)
    await until(() => told.includes('status'), stderr)
    expect(raw.sockets.size).toBe(1)
    await expectToEnd(child)
  }
})

test('a connection to the second address of a name does not keep the process alive', async () => {
  const hole = fork(`${root}test/support/black-hole.cjs`)
  onTestFinished(() => void hole.kill('SIGKILL'))
  const [port] = (await once(hole, 'message')) as [number]
  hole.kill('SIGSTOP')
  const fillers = Array.from({ length: 16 }, () => connect(port, '127.0.0.1').on('error', () => {}))
  onTestFinished(() => fillers.forEach((socket) => socket.destroy()))
  const ingest = await Ingest.start(() => ({ broken: 'never' }), port, '::1')
  onTestFinished(() => ingest.close())
  const { child, told, stderr } = start(`http://hole.test:${port}/`, '127.0.0.1', '::1')
  await until(() => ingest.batches.length === 1, stderr)
  expect(told).toEqual(['attempt', 'attempt'])
  await expectToEnd(child)
})

test('a proxy that does not answer does not keep the process alive', async () => {
  const proxy = await ProxyServer.start()
  onTestFinished(() => proxy.close())
  proxy.refuse = 'silence'
  const { child, stderr } = start('https://ingest.test/', `proxy=${proxy.url}`)
  await until(() => proxy.requests.length === 1, stderr)
  await expectToEnd(child)
})

test('a kept-alive tunnel does not keep the process alive', async () => {
  const authority = new Authority()
  onTestFinished(() => authority.remove())
  const ingest = await TlsIngest.start(authority.sign('DNS:ingest.test'))
  onTestFinished(() => ingest.close())
  const proxy = await ProxyServer.start()
  onTestFinished(() => proxy.close())
  const endpoint = `https://ingest.test:${ingest.port}/`
  const { child, told, stderr } = start(endpoint, `proxy=${proxy.url}`, `ca=${authority.file}`)
  await until(() => told.includes('status'), stderr)
  expect(proxy.sockets.size).toBe(1)
  await expectToEnd(child)
})
