import { afterAll, beforeAll, describe, expect } from 'vitest'
import { Authority, type Identity } from '../support/certificates.ts'
import { Ingest } from '../support/ingest.ts'
import { RawServer } from '../support/raw-server.ts'
import { scenario } from '../support/scenario.ts'
import { drive, expectRecovery, expectSettled } from '../support/traffic.ts'
import { until } from '../support/until.ts'

let authority: Authority
let stranger: Authority
beforeAll(() => {
  authority = new Authority()
  stranger = new Authority()
})
afterAll(() => {
  authority.remove()
  stranger.remove()
})

const NAMES = 'DNS:localhost,IP:127.0.0.1'

const distrusted: Record<string, { readonly identity: () => Identity; readonly code: string }> = {
  'has expired': { identity: () => authority.sign(NAMES, -1), code: 'CERT_HAS_EXPIRED' },
  'is for another host': {
    identity: () => authority.sign('DNS:ingest.test'),
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
  },
  'is signed by an unknown authority': {
    identity: () => stranger.sign(NAMES),
    code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  },
  'is signed by itself': { identity: () => authority.selfSigned(NAMES), code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
}

describe.concurrent('N9 a certificate that', () => {
  for (const [name, { identity, code }] of Object.entries(distrusted)) {
    scenario(
      `N9 ${name}: kept and said once, not sent, and delivered when the certificate is right`,
      async ({ directory, serve, onTestFinished }) => {
        const ingest = await Ingest.start(undefined, 0, '127.0.0.1', identity())
        onTestFinished(() => ingest.close())
        const app = await serve({
          endpoint: ingest.url,
          env: { PEEKAPI_CA_FILE: authority.file, PEEKAPI_STORAGE_PATH: `${directory}/events` },
        })
        await drive(app, 20)
        await until(
          () => app.stderr.includes(code),
          () => `a warning of ${code}; got ${app.stderr}`,
        )
        await drive(app, 20, 20)
        await expectSettled(app)
        expect(await app.stats()).toMatchObject({ captured: 40, delivered: 0 })
        expect(ingest.batches).toEqual([])
        ingest.present(authority.sign(NAMES))
        await expectRecovery(app, ingest, 40)
        expect(app.stderr.trimEnd().split('\n')).toHaveLength(1)
        expect(app.stderr).toContain("the endpoint's certificate is not accepted")
      },
    )
  }

  scenario(
    'N9 cannot be had, because the endpoint speaks plain http: no plain byte is sent to it',
    async ({ serve, onTestFinished }) => {
      const raw = await RawServer.start((socket) => void socket.end('HTTP/1.1 202 Accepted\r\n\r\n'))
      onTestFinished(() => raw.close())
      const app = await serve({
        endpoint: raw.url.replace('http:', 'https:'),
        env: { PEEKAPI_DEBUG: 'true' },
      })
      await drive(app, 20)
      await until(
        () => app.stderr.split('delivery failed').length > 2,
        () => `two failed attempts; got ${app.stderr}`,
      )
      await expectSettled(app)
      expect(await app.stats()).toMatchObject({ captured: 20, delivered: 0, buffered: 20 })
      expect(raw.received).not.toMatch(/POST|test-key/)
      // The first byte of a TLS handshake.
      expect(raw.received.charCodeAt(0)).toBe(22)
    },
  )
})
