import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import tls from 'node:tls'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { secureContextFor } from '../../src/delivery/tls.ts'
import { Transport, type TransportOptions } from '../../src/delivery/transport.ts'
import { batch } from '../support/batches.ts'
import { Authority, type Identity } from '../support/certificates.ts'
import { RawServer } from '../support/raw-server.ts'
import { scenario } from '../support/scenario.ts'
import { TlsIngest } from '../support/tls-ingest.ts'
import { drive, expectSettled } from '../support/traffic.ts'
import { until } from '../support/until.ts'

let authority: Authority
beforeAll(() => void (authority = new Authority()))
afterAll(() => authority.remove())

async function serve(identity: Identity & tls.TlsOptions): Promise<TlsIngest> {
  const ingest = await TlsIngest.start(identity)
  onTestFinished(() => ingest.close())
  return ingest
}

function transportTo(ingest: TlsIngest, options: Partial<TransportOptions>, host = 'localhost'): Transport {
  const transport = new Transport({ endpoint: `https://${host}:${ingest.port}/`, apiKey: 'key', ...options })
  onTestFinished(() => transport.close())
  return transport
}

describe('trust', () => {
  test('an own authority is trusted by file and by option; names and literal addresses are checked', async () => {
    const ingest = await serve(authority.sign('DNS:localhost,IP:127.0.0.1'))
    for (const host of ['localhost', '127.0.0.1']) {
      for (const options of [{ caFile: authority.file }, { tlsOptions: { ca: authority.pem } }])
        expect(await transportTo(ingest, options, host).send(batch())).toMatchObject({ status: 202 })
    }
    expect(ingest.servernames).toEqual(['localhost', 'localhost', false, false])
    expect(ingest.requests[0]!.host).toBe(`localhost:${ingest.port}`)
  })

  test('`servername` is the name asked for and expected', async () => {
    const ingest = await serve(authority.sign('DNS:ingest.test'))
    const tlsOptions = { ca: [Buffer.from(authority.pem)], servername: 'ingest.test' }
    expect(await transportTo(ingest, { tlsOptions }).send(batch())).toMatchObject({ status: 202 })
    expect(ingest.servernames).toEqual(['ingest.test'])
  })

  test('a client certificate is presented', async () => {
    const ingest = await serve({
      ...authority.sign('DNS:localhost'),
      ca: authority.pem,
      requestCert: true,
      rejectUnauthorized: true,
    })
    const client = authority.sign('DNS:client')
    const tlsOptions = { ca: authority.pem, ...client }
    expect(await transportTo(ingest, { tlsOptions }).send(batch())).toMatchObject({ status: 202 })
    expect(await transportTo(ingest, { caFile: authority.file }).send(batch())).toHaveProperty('failure')
    expect(ingest.requests).toHaveLength(1)
  })

  test('the default authorities stay trusted beside an own one', () => {
    const made = vi.spyOn(tls, 'createSecureContext')
    onTestFinished(() => made.mockRestore())
    secureContextFor({ caFile: authority.file, environment: {} })
    const trusted = made.mock.lastCall![0]!.ca as string[]
    expect(trusted).toEqual(expect.arrayContaining(tls.getCACertificates('default')))
    expect(trusted).toHaveLength(tls.getCACertificates('default').length + 1)
    expect(secureContextFor({ environment: {} })).toBeUndefined()
  })

  test('without getCACertificates (Node before 22.15) NODE_EXTRA_CA_CERTS is read too', () => {
    const { getCACertificates } = tls
    Reflect.deleteProperty(tls, 'getCACertificates')
    onTestFinished(() => void Object.assign(tls, { getCACertificates }))
    const made = vi.spyOn(tls, 'createSecureContext')
    onTestFinished(() => made.mockRestore())
    secureContextFor({ caFile: authority.file, environment: { NODE_EXTRA_CA_CERTS: authority.file } })
    expect(made.mock.lastCall![0]!.ca).toHaveLength(tls.rootCertificates.length + 2)
  })
})

describe('distrust', () => {
  test.each([
    ['expired', 'DNS:localhost', -1, 'CERT_HAS_EXPIRED'],
    ['for another host', 'DNS:ingest.test', 2, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ])('a certificate that is %s is a failure, and no request is made', async (_what, names, days, code) => {
    const ingest = await serve(authority.sign(names, days))
    const answer = await transportTo(ingest, { caFile: authority.file }).send(batch())
    expect(answer).toMatchObject({ failure: { code } })
    expect(ingest.requests).toEqual([])
  })

  test('an unknown authority is a failure, and no request is made', async () => {
    const ingest = await serve(authority.sign('DNS:localhost'))
    expect(await transportTo(ingest, {}).send(batch())).toMatchObject({
      failure: { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' },
    })
    expect(ingest.requests).toEqual([])
  })

  test('a server without TLS gets a TLS greeting and no plain byte of the request', async () => {
    const raw = await RawServer.start((socket) => void socket.end('HTTP/1.1 202 Accepted\r\n\r\n'))
    onTestFinished(() => raw.close())
    const transport = new Transport({ endpoint: raw.url.replace('http:', 'https:'), apiKey: 'secret-key' })
    onTestFinished(() => transport.close())
    expect(await transport.send(batch())).toMatchObject({
      failure: { code: expect.stringMatching(/^(ERR_SSL_|EPROTO)/) },
    })
    expect(raw.connections).toBe(1)
    expect(raw.received.charCodeAt(0)).toBe(22)
    expect(raw.received).not.toMatch(/POST|secret-key/)
  })

  test('a key that cannot be used refuses every request, and is not shown', async () => {
    const ingest = await serve(authority.sign('DNS:localhost'))
    const tlsOptions = { cert: authority.pem, key: 'secret' }
    const answer = await transportTo(ingest, { tlsOptions }).send(batch())
    expect(answer).toHaveProperty('refused')
    expect(JSON.stringify(answer)).not.toContain('secret')
  })
})

describe.concurrent('PEEKAPI_CA_FILE', () => {
  scenario('is trusted by an application under the preload', async ({ serve: run, onTestFinished }) => {
    const ingest = await TlsIngest.start(authority.sign('DNS:localhost'))
    onTestFinished(() => ingest.close())
    const app = await run({
      endpoint: `https://localhost:${ingest.port}/`,
      env: { PEEKAPI_CA_FILE: authority.file },
    })
    await drive(app, 5)
    let stats = await app.stats()
    while (stats.delivered < 5) stats = await app.stats()
    await expectSettled(app)
    expect(app.stderr).toBe('')
  })

  scenario.for([
    ['missing', 'ENOENT'],
    ['directory', 'not a regular file'],
    ['garbage', 'no PEM certificate in it'],
    ['broken', /ERR_OSSL|PEM|asn1|wrong tag|too long/i],
  ] as const)(
    'that is %s: said once, and on it goes',
    async ([file, reason], { serve: run, onTestFinished }) => {
      const path = join(authority.directory, file)
      if (file === 'directory') mkdirSync(path)
      if (file === 'garbage') writeFileSync(path, 'hello')
      if (file === 'broken')
        writeFileSync(path, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
      const ingest = await TlsIngest.start(authority.sign('DNS:localhost'))
      onTestFinished(() => ingest.close())
      const app = await run({
        endpoint: `https://localhost:${ingest.port}/`,
        env: { PEEKAPI_CA_FILE: path },
      })
      await drive(app, 5)
      await until(
        () => app.stderr.split('\n').length === 3,
        () => `two lines; got ${app.stderr}`,
      )
      const [complaint, certificate] = app.stderr.split('\n')
      expect(complaint).toContain(`[peekapi] PEEKAPI_CA_FILE "${path}" cannot be used (`)
      expect(complaint).toMatch(reason)
      expect(certificate).toContain(
        "the endpoint's certificate is not accepted (UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      )
      await expectSettled(app)
      expect(await app.stats()).toMatchObject({ captured: 5, delivered: 0, buffered: 5 })
      expect(ingest.requests).toEqual([])
    },
  )
})
