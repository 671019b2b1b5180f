import { describe, expect } from 'vitest'
import { createClient } from '../../src/delivery/standalone.ts'
import { ProxyServer } from '../support/proxy-server.ts'
import { scenario } from '../support/scenario.ts'
import { drive, expectSettled } from '../support/traffic.ts'
import { until } from '../support/until.ts'

const refused = [
  ['nonsense', 'is not an absolute URL'],
  ['http://collector:8080/', 'would send the API key in the clear'],
  ['https://10.0.0.1/', 'is refused: 10.0.0.1 is a private address'],
  ['https://user:secret@example.com/?token=secret', 'holds credentials'],
] as const

describe.concurrent('PEEKAPI_ENDPOINT', () => {
  scenario.for(refused)(
    '%s: one complaint, and nothing is captured or sent, least of all to the default endpoint',
    async ([endpoint, reason], { serve, onTestFinished }) => {
      // Whatever left the process for a public endpoint would pass here.
      const proxy = await ProxyServer.start()
      onTestFinished(() => proxy.close())
      const app = await serve({ endpoint, env: { HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url } })
      await drive(app, 20)
      expect(await app.stats()).toMatchObject({ captured: 0, delivered: 0, buffered: 0, inFlight: 0 })
      await expectSettled(app)
      const { stderr, signal } = await app.stop()
      expect(signal).toBe('SIGTERM')
      expect(stderr).toMatch(/^\[peekapi\] PEEKAPI_ENDPOINT ".*; nothing is captured\n$/)
      expect(stderr).toContain(reason)
      expect(stderr).not.toContain('secret')
      expect(proxy.requests).toEqual([])
    },
  )

  scenario(
    'unset: the default endpoint is asked for, through the proxy',
    async ({ serve, onTestFinished }) => {
      const proxy = await ProxyServer.start()
      onTestFinished(() => proxy.close())
      proxy.refuse = 407
      const app = await serve({ endpoint: ' ', env: { HTTPS_PROXY: proxy.url } })
      await drive(app, 20)
      await until(
        () => app.stderr !== '',
        () => 'the warning',
      )
      expect(proxy.requests[0]).toMatchObject({ method: 'CONNECT', target: 'ingest.peekapi.dev:443' })
      expect(app.stderr).toContain('the proxy answered 407 to CONNECT')
      await expectSettled(app)
      expect(await app.stats()).toMatchObject({ captured: 20, delivered: 0, buffered: 20 })
    },
  )

  scenario('private, with permission: delivered by name', async ({ ingest, serve, onTestFinished }) => {
    const proxy = await ProxyServer.start()
    onTestFinished(() => proxy.close())
    const app = await serve({
      endpoint: `http://collector.test:${ingest.port}/v1/events`,
      env: { PEEKAPI_ALLOW_PRIVATE_ENDPOINT: 'true', HTTP_PROXY: proxy.url },
    })
    await drive(app, 20)
    await ingest.waitForEvents(20)
    await expectSettled(app)
    expect(app.stderr).toBe('')
  })

  scenario('that resolves to a private address: held, with one message', async ({ serve }) => {
    const app = await serve({
      endpoint: 'https://ingest.test/',
      execArgv: ['--require', './test/support/private-names.cjs'],
    })
    await drive(app, 20)
    await until(
      () => app.stderr !== '',
      () => 'the warning',
    )
    expect(app.stderr).toContain('ingest.test resolves to 10.0.0.1; 10.0.0.1 is a private address')
    await expectSettled(app)
    expect(await app.stats()).toMatchObject({ captured: 20, delivered: 0, buffered: 20 })
  })

  scenario.for(refused)('%s as an option: thrown, without credentials', async ([endpoint, reason]) => {
    const make = (): unknown => createClient({ apiKey: 'key', endpoint })
    expect(make).toThrow(reason)
    expect(make).toThrow(/^PeekApiClient: endpoint (?!.*secret)/)
  })
})
