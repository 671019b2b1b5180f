import { Socket, type NetConnectOpts } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { Transport } from '../../src/delivery/transport.ts'
import { batch } from '../support/batches.ts'
import { Ingest } from '../support/ingest.ts'
import { NameServer } from '../support/name-server.ts'
import { RawServer } from '../support/raw-server.ts'
import { until } from '../support/until.ts'

test('a name that is rebound between two connections is refused at the second', async () => {
  const ingest = await Ingest.start(() => ({ status: 202, headers: { connection: 'close' } }))
  onTestFinished(() => ingest.close())
  const dns = await NameServer.start({ 'rebind.test': [['127.0.0.1'], ['169.254.169.254']] })
  onTestFinished(() => dns.close())
  const transport = new Transport({
    endpoint: `http://rebind.test:${ingest.port}/v1/events`,
    apiKey: 'key',
    allowPrivateEndpoint: true,
    lookup: dns.lookup,
  })
  onTestFinished(() => transport.close())
  expect(await transport.send(batch('first'))).toMatchObject({ status: 202 })
  expect(await transport.send(batch('second'))).toEqual({
    refused: 'rebind.test resolves to 169.254.169.254; 169.254.169.254 is a metadata address',
  })
  expect(ingest.batches.map(({ id }) => id)).toEqual(['first'])
  expect(ingest.batches[0]!.headers.host).toBe(`rebind.test:${ingest.port}`)
  expect(dns.questions).toEqual(['rebind.test', 'rebind.test'])
})

test('one private address among public ones is enough to refuse, and nothing is connected to', async () => {
  const raw = await RawServer.start(() => {})
  onTestFinished(() => raw.close())
  const dns = await NameServer.start({ 'mixed.test': [['93.184.216.34', '127.0.0.1']] })
  onTestFinished(() => dns.close())
  const endpoint = `https://mixed.test:${new URL(raw.url).port}/`
  const transport = new Transport({ endpoint, apiKey: 'key', lookup: dns.lookup })
  onTestFinished(() => transport.close())
  expect(await transport.send(batch())).toEqual({
    refused: expect.stringContaining('mixed.test resolves to 127.0.0.1'),
  })
  expect(raw.connections).toBe(0)
})

test('a connection that something turned aside gets not one byte, over TLS', async () => {
  const raw = await RawServer.start(() => {})
  onTestFinished(() => raw.close())
  // What an agent in the application does that sends all connections through itself.
  const connect = Socket.prototype.connect
  const port = Number(new URL(raw.url).port)
  Socket.prototype.connect = function (this: Socket, ...args: unknown[]) {
    const [options] = (Array.isArray(args[0]) ? args[0] : args) as [NetConnectOpts]
    Object.assign(options, { host: '127.0.0.1', port })
    return Reflect.apply(connect, this, args) as Socket
  } as typeof connect
  onTestFinished(() => void (Socket.prototype.connect = connect))
  const transport = new Transport({ endpoint: 'https://93.184.216.34/', apiKey: 'key' })
  onTestFinished(() => transport.close())
  expect(await transport.send(batch())).toEqual({
    refused: expect.stringContaining('connected, but 127.0.0.1 is a loopback address'),
  })
  await until(
    () => raw.connections === 1 && raw.sockets.size === 0,
    () => 'the connection to come and go',
  )
  expect(raw.received).toBe('')
})

test('a connection that ends at another address gets not one byte, in plain http', async () => {
  const raw = await RawServer.start(() => {})
  onTestFinished(() => raw.close())
  // What `remoteAddress` reads; that getter itself cannot be replaced.
  const socket = Socket.prototype as unknown as { _getpeername: () => object }
  const peer = vi.spyOn(socket, '_getpeername').mockReturnValue({ address: '169.254.169.254' })
  onTestFinished(() => peer.mockRestore())
  const transport = new Transport({ endpoint: raw.url, apiKey: 'key' })
  onTestFinished(() => transport.close())
  expect(await transport.send(batch())).toEqual({
    refused: 'connected, but 169.254.169.254 is not a loopback address',
  })
  await until(
    () => raw.connections === 1 && raw.sockets.size === 0,
    () => 'the connection to come and go',
  )
  expect(raw.received).toBe('')
})
