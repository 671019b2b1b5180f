import { request } from 'node:https'
import { expect } from 'vitest'
import { Authority } from '../support/certificates.ts'
import { scenario } from '../support/scenario.ts'
import { ask } from '../support/request.ts'
import { expectSettled } from '../support/traffic.ts'
import { until } from '../support/until.ts'

scenario(
  'a server that never listens itself is captured from its first request on',
  async ({ ingest, serve }) => {
    const app = await serve({ file: 'fixtures/http/unlistening.cjs' })
    await ask(app.origin, '/first')
    await ask(app.origin, '/second')
    await ingest.waitForEvents(2)
    expect(ingest.events.map(({ path }) => path)).toEqual(['/first', '/second'])
    await expectSettled(app)
  },
)

scenario(
  'several servers of one process, also of a class of their own, are all captured',
  async ({ ingest, serve }) => {
    const app = await serve({ file: 'fixtures/http/several.cjs' })
    await until(
      () => app.ports.length === 2,
      () => 'the second server',
    )
    for (const port of app.ports) await ask(`http://127.0.0.1:${port}`, '/')
    await ingest.waitForEvents(2)
    expect(ingest.events.map((event) => event.response_size)).toEqual([5, 6])
    await expectSettled(app)
  },
)

scenario('https servers are captured like http ones', async ({ ingest, serve, onTestFinished }) => {
  const authority = new Authority()
  onTestFinished(() => authority.remove())
  const { key, cert } = authority.sign('IP:127.0.0.1')
  const app = await serve({ file: 'fixtures/http/secure.cjs', env: { KEY: key, CERT: cert } })
  await new Promise((resolve, reject) => {
    request(
      { port: app.port, host: '127.0.0.1', path: '/secure', ca: authority.pem, agent: false },
      (response) => {
        response.resume().on('end', resolve)
      },
    )
      .on('error', reject)
      .end()
  })
  const [event] = await ingest.waitForEvents(1)
  expect(event).toMatchObject({ method: 'GET', path: '/secure', status_code: 200, response_size: 6 })
  await expectSettled(app)
})
