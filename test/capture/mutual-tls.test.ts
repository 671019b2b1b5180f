import { request, type RequestOptions } from 'node:https'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ApiEvent } from '../../src/types/client.ts'
import type { App } from '../support/app.ts'
import { Authority } from '../support/certificates.ts'
import { askHttp2 } from '../support/http2-client.ts'
import { Stage } from '../support/stage.ts'
import { until } from '../support/until.ts'

/** Of every certificate that these authorities sign. */
const COMMON_NAME = 'leaf'

let stage: Stage
let stranger: Authority
let app: App
const clients: Record<string, { readonly key?: string; readonly cert?: string }> = {}
beforeAll(async () => {
  stage = await Stage.open()
  stranger = new Authority()
  clients['trusted'] = stage.authority.sign('DNS:client')
  clients['strange'] = stranger.sign('DNS:client')
  clients['nameless'] = {}
  app = await stage.serve({
    file: 'fixtures/http/mutual.cjs',
    env: { ...stage.tls, CA: stage.authority.pem, PEEKAPI_CONSUMER: 'mtls:cn' },
  })
  await until(
    () => app.ports.length === 2,
    () => 'both servers',
  )
})
afterAll(async () => {
  await stage.close()
  stranger.remove()
})

async function eventOf(path: string): Promise<ApiEvent> {
  const find = (): ApiEvent | undefined => stage.ingest.events.find((event) => event.path === path)
  await until(
    () => find() !== undefined,
    () => `the event of ${path}`,
  )
  return find()!
}

/** Over HTTP/1, as far as the head or the first bytes. */
function ask(port: number, path: string, options: RequestOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const outgoing = request({
      port,
      host: '127.0.0.1',
      path,
      ca: stage.authority.pem,
      agent: false,
      ...options,
    })
    outgoing.on('upgrade', (_response, socket) => resolve(void socket.destroy()))
    outgoing.on('response', (response) => {
      response.on('error', () => {})
      if (!path.startsWith('/never')) return response.resume().on('end', resolve)
      return response.on('data', () => resolve(void outgoing.destroy()))
    })
    outgoing.on('error', reject).end()
  })
}

describe('the name in a client’s certificate', () => {
  test.each([
    ['https', 'trusted', COMMON_NAME],
    ['https', 'strange', undefined],
    ['https', 'nameless', undefined],
    ['http1', 'trusted', COMMON_NAME],
    ['http1', 'strange', undefined],
  ])('over %s from a %s client is %s', async (server, client, name) => {
    const path = `/${server}-${client}`
    await ask(app.ports[server === 'https' ? 0 : 1]!, path, clients[client]!)
    expect((await eventOf(path)).consumer_id).toBe(name)
  })

  test.each([
    ['trusted', COMMON_NAME],
    ['strange', undefined],
    ['nameless', undefined],
  ])('over HTTP/2 from a %s client is %s', async (client, name) => {
    const path = `/streams-${client}`
    const ca = stage.authority.pem
    await askHttp2(`https://127.0.0.1:${app.ports[1]}`, path, { ca, ...clients[client] })
    expect(await eventOf(path)).toMatchObject({ metadata: { protocol: 'h2' } })
    expect((await eventOf(path)).consumer_id).toBe(name)
  })

  test('is known when a connection has upgraded', async () => {
    const headers = { connection: 'Upgrade', upgrade: 'own' }
    await ask(app.ports[0]!, '/upgraded', { ...clients['trusted'], headers })
    expect(await eventOf('/upgraded')).toMatchObject({ status_code: 101, consumer_id: COMMON_NAME })
  })

  test('is known when the client has left, and its connection with it', async () => {
    await ask(app.ports[0]!, '/never', clients['trusted']!)
    expect(await eventOf('/never')).toMatchObject({
      consumer_id: COMMON_NAME,
      metadata: { outcome: 'aborted' },
    })
  })

  test('is known when the client has destroyed its session', async () => {
    await askHttp2(`https://127.0.0.1:${app.ports[1]}`, '/never', {
      ca: stage.authority.pem,
      ...clients['trusted'],
      meddle: (stream, session) => void stream.once('data', () => session.destroy()),
    })
    const find = (): ApiEvent | undefined =>
      stage.ingest.events.find(({ path, metadata }) => path === '/never' && metadata?.['protocol'] === 'h2')
    await until(
      () => find() !== undefined,
      () => `the aborted stream; ${app.stderr}`,
    )
    expect(find()).toMatchObject({ consumer_id: COMMON_NAME, metadata: { outcome: 'aborted' } })
  })
})
