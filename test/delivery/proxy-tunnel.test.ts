import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { Transport, type TransportOptions } from '../../src/delivery/transport.ts'
import { batch } from '../support/batches.ts'
import { Authority } from '../support/certificates.ts'
import { Ingest } from '../support/ingest.ts'
import { ProxyServer } from '../support/proxy-server.ts'
import { TlsIngest } from '../support/tls-ingest.ts'
import { until } from '../support/until.ts'

let authority: Authority
let ingest: TlsIngest
let proxy: ProxyServer
beforeAll(() => void (authority = new Authority()))
afterAll(() => authority.remove())
beforeEach(async () => {
  ingest = await TlsIngest.start(authority.sign('DNS:ingest.test'))
  proxy = await ProxyServer.start()
  return async () => {
    await proxy.close()
    await ingest.close()
  }
})

/** `ingest.test` resolves nowhere: whatever arrives came through the proxy. */
function transportTo(options: Partial<TransportOptions> = {}): Transport {
  const transport = new Transport({
    endpoint: `https://ingest.test:${ingest.port}/v1/events?tenant=a`,
    apiKey: 'secret-key',
    tlsOptions: { ca: authority.pem },
    environment: { HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url },
    ...options,
  })
  onTestFinished(() => transport.close())
  return transport
}

test('an https endpoint is reached through a tunnel, by its own name and certificate', async () => {
  expect(await transportTo().send(batch())).toMatchObject({ status: 202 })
  const target = `ingest.test:${ingest.port}`
  expect(proxy.requests).toEqual([
    { method: 'CONNECT', target, headers: { host: target, connection: 'keep-alive' } },
  ])
  expect(ingest.requests).toEqual([{ path: '/v1/events?tenant=a', host: target, id: 'batch-1' }])
  expect(ingest.servernames).toEqual(['ingest.test'])
})

test('a tunnel is kept alive, and two carry all there is', async () => {
  const transport = transportTo()
  for (let round = 0; round < 10; round++)
    await Promise.all([transport.send(batch(`${round}a`)), transport.send(batch(`${round}b`))])
  expect(ingest.requests).toHaveLength(20)
  expect(ingest.connections).toBeLessThanOrEqual(2)
  expect(proxy.requests.length).toBe(ingest.connections)
})

test('credentials go to the proxy and never to the endpoint', async () => {
  const environment = { HTTPS_PROXY: proxy.url.replace('//', '//user:p%40ss@') }
  await transportTo({ environment }).send(batch())
  expect(proxy.requests[0]!.headers['proxy-authorization']).toBe('Basic dXNlcjpwQHNz')
  expect(JSON.stringify(proxy.requests)).not.toContain('secret-key')
})

test('an http endpoint is asked for by its whole URL', async () => {
  const plain = await Ingest.start()
  onTestFinished(() => plain.close())
  const endpoint = `http://ingest.test:${plain.port}/v1/events?tenant=a`
  const environment = { HTTP_PROXY: proxy.url.replace('//', '//user:pass@') }
  const transport = transportTo({ endpoint, environment, allowPrivateEndpoint: true })
  for (const id of ['first', 'second']) expect(await transport.send(batch(id))).toMatchObject({ status: 202 })
  expect(proxy.requests).toHaveLength(2)
  expect(proxy.requests[0]).toMatchObject({
    method: 'POST',
    target: endpoint,
    headers: { host: `ingest.test:${plain.port}`, 'proxy-authorization': 'Basic dXNlcjpwYXNz' },
  })
  expect(plain.batches.map(({ id }) => id)).toEqual(['first', 'second'])
  expect(plain.batches[0]!.headers).not.toHaveProperty('proxy-authorization')
})

test('a proxy may itself be reached over TLS', async () => {
  const secure = await ProxyServer.start(authority.sign('IP:127.0.0.1'))
  onTestFinished(() => secure.close())
  const environment = { HTTPS_PROXY: secure.url }
  // Only Node's own authorities vouch for a proxy, so this one is not believed.
  expect(await transportTo({ environment }).send(batch())).toMatchObject({
    failure: { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' },
  })
  expect(ingest.connections).toBe(0)
})

test('the rules for the endpoint hold behind a proxy too', async () => {
  for (const endpoint of ['https://10.0.0.1/', 'http://ingest.test/', 'https://169.254.169.254/'])
    expect(await transportTo({ endpoint }).send(batch())).toHaveProperty('refused')
  expect(proxy.requests).toEqual([])
})

test('NO_PROXY goes around it', async () => {
  const environment = { HTTPS_PROXY: proxy.url, NO_PROXY: 'ingest.test' }
  const transport = transportTo({
    environment,
    allowPrivateEndpoint: true,
    lookup: (_hostname, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]),
  })
  expect(await transport.send(batch())).toMatchObject({ status: 202 })
  expect(proxy.requests).toEqual([])
})

test.each([
  [407, 'refused'],
  [403, 'refused'],
  [502, 'failure'],
  [200_000, 'failure'],
])('a proxy that answers %i to CONNECT is a %s', async (status, kind) => {
  proxy.refuse = status
  const answer = await transportTo().send(batch())
  expect(Object.keys(answer)).toEqual([kind])
  if (status < 1000)
    expect(JSON.stringify(answer) + String(Object.values(answer)[0])).toContain(
      `answered ${status} to CONNECT`,
    )
  await until(
    () => proxy.sockets.size === 0,
    () => 'the connection to the proxy to be gone',
  )
})

test('the deadline covers a proxy that never answers, and its connection is ended', async () => {
  proxy.refuse = 'silence'
  const answer = await transportTo({ deadlineMs: 200 }).send(batch())
  expect(answer).toMatchObject({ failure: { message: 'no answer within 200 ms' } })
  await until(
    () => proxy.sockets.size === 0,
    () => 'the connection to the proxy to be gone',
  )
})

test('a proxy that is not there, or not usable, is never gone around', async () => {
  const down = await ProxyServer.start()
  const { url } = down
  await down.close()
  const gone = transportTo({ environment: { HTTPS_PROXY: url } })
  expect(await gone.send(batch())).toMatchObject({ failure: { code: 'ECONNREFUSED' } })
  const socks = transportTo({ environment: { HTTPS_PROXY: 'socks5://127.0.0.1:1080' } })
  expect(await socks.send(batch())).toEqual({
    refused: 'HTTPS_PROXY names a socks5:// proxy; http and https ones can be used',
  })
  expect(ingest.connections).toBe(0)
})
