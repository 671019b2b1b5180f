import { expect } from 'vitest'
import type { App } from '../support/app.ts'
import { askHttp2 } from '../support/http2-client.ts'
import { expectClosed } from '../support/ledger.ts'
import { askRaw } from '../support/raw-ask.ts'
import { RawClient } from '../support/raw-client.ts'
import { scenario } from '../support/scenario.ts'
import { until } from '../support/until.ts'

/** More than it takes for a place of ours to be switched off. */
const ROUNDS = 25

/** All that a client can see of one exchange of each kind. */
async function roundOf(app: App): Promise<unknown> {
  const seen: unknown[] = []
  const raw = async (text: string): Promise<void> => {
    seen.push((await askRaw(app.port, text)).replace(/\r\nDate: [^\r]*/, ''))
  }
  const close = 'Host: a\r\nConnection: close\r\n\r\n'
  await raw(`GET /whole HTTP/1.1\r\n${close}`)
  await raw(`POST /whole HTTP/1.1\r\nContent-Length: 5\r\n${close}hello`)
  await raw(`GET /destroyed HTTP/1.1\r\n${close}`)
  await raw('GET /own HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: own\r\n\r\n')
  await raw('garbage\r\n\r\n')
  const leaving = new RawClient({ port: app.port, host: '127.0.0.1' }).send(
    `GET /unfinished HTTP/1.1\r\n${close}`,
  )
  await leaving.got('first ')
  leaving.reset()
  const streams = `http://127.0.0.1:${app.ports[1]}`
  for (const path of ['/whole', '/destroyed']) {
    const { status, body, resetBy } = await askHttp2(streams, path)
    seen.push([status, String(body), resetBy])
  }
  const { status } = await askHttp2(streams, '/unfinished', {
    meddle: (stream) => void stream.once('data', () => stream.close()),
  })
  return [...seen, status]
}

scenario(
  'what fails inside of us, at whatever moment, is not seen from outside',
  async ({ serve, ingest }) => {
    const apps = []
    for (const preload of ['none', '--import'] as const) {
      const app = await serve({ file: 'fixtures/http/hostile.cjs', preload })
      await until(
        () => app.ports.length === 2,
        () => 'both servers',
      )
      apps.push(app)
    }
    const [without, within] = apps as [App, App]
    const expected = await roundOf(without)
    for (let round = 0; round < ROUNDS; round++) expect(await roundOf(within)).toEqual(expected)
    expectClosed(await within.stats())
    for (const line of within.stderr.split('\n').filter((text) => text !== ''))
      expect(line).toMatch(/^\[peekapi\] \S.* is switched off/)
    expect(ingest.events.length).toBeLessThan(ROUNDS * 9)
  },
)
