import { afterAll, beforeAll, expect, test } from 'vitest'
import type { App } from '../../support/app.ts'
import { exchangeOver } from '../../support/http2-stage.ts'
import { askRaw, statusOf } from '../../support/raw-ask.ts'
import { Stage } from '../../support/stage.ts'
import { until } from '../../support/until.ts'

let stage: Stage
let app: App
let port: number
beforeAll(async () => {
  stage = await Stage.open()
  app = await stage.serve({ file: 'fixtures/http2/mixed.cjs', env: stage.tls })
  await until(
    () => app.ports.length === 2,
    () => 'both servers',
  )
  port = app.ports[1]!
})
afterAll(() => stage.close())

const asHttp1 = (text: string): Promise<string> => askRaw(port, text, { ca: stage.authority.pem })

test('a server that has its name from nobody but the application is left alone', async () => {
  const answer = await asHttp1('GET /look HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  expect(answer).toContain('false')
})

test('setConsumer names the caller of a request over HTTP/1', async () => {
  await asHttp1('GET /named HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  expect(await stage.eventOf('named by its handler')).toMatchObject({ path: '/named', status_code: 200 })
})

test.each([
  ['an upgrade', 'GET /own HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: own\r\n', 'GET', '/own', 101],
  ['CONNECT', 'CONNECT there:443 HTTP/1.1\r\n', 'CONNECT', '/{authority}', 200],
])('%s over HTTP/1 is one event', async (_what, head, method, path, status) => {
  const name = stage.newName()
  expect(statusOf(await asHttp1(`${head}Host: a\r\nx-api-key: ${name}\r\n\r\n`))).toBe(status)
  expect(await stage.eventOf(name)).toMatchObject({
    method,
    path,
    status_code: status,
    metadata: { outcome: 'upgraded' },
  })
})

test('what is no HTTP at all is counted, and its answer is an event', async () => {
  const before = (await app.stats()).malformed
  expect(statusOf(await asHttp1('garbage\r\n\r\n'))).toBe(400)
  expect((await app.stats()).malformed).toBe(before + 1)
  await until(
    () => stage.ingest.events.some(({ path }) => path === '(malformed)'),
    () => 'the event',
  )
})

test.each(['100-continue', 'tea'])('routes are told where %s is expected', async (expectation) => {
  const { event } = await exchangeOver(stage, `https://127.0.0.1:${port}`, '/files/a', {
    method: 'PUT',
    headers: { expect: expectation },
    body: 'hello',
  })
  expect(event).toMatchObject({ path: '/files/:name', status_code: 200, request_size: 5 })
})
