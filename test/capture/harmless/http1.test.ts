import { isDeepStrictEqual } from 'node:util'
import { afterAll, expect } from 'vitest'
import type { App } from '../../support/app.ts'
import { Authority } from '../../support/certificates.ts'
import { RawClient } from '../../support/raw-client.ts'
import { ask } from '../../support/request.ts'
import { scenario } from '../../support/scenario.ts'
import { until } from '../../support/until.ts'

const FILE = 'fixtures/http/transcript.cjs'
const SERVERS = 2
/** A real difference is in each of them. */
const LOOKS = 8
const SOURCE_BYTES = 200_015_872

const authority = new Authority()
const { key, cert } = authority.sign('IP:127.0.0.1')
afterAll(() => authority.remove())

function connect(app: App, path: string, { head = '', ca }: { head?: string; ca?: string } = {}): RawClient {
  const request = `GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n${head}\r\n`
  return new RawClient({ port: app.port, host: '127.0.0.1', ...(ca !== undefined && { ca }) }).send(request)
}

/** From the second server, which tells of the first. */
async function answered<Answer>(app: App, path: string): Promise<Answer> {
  return JSON.parse((await ask(`http://127.0.0.1:${app.ports[1]}`, path)).body.toString()) as Answer
}

/** One exchange after the other, so that what is written down has one order. */
async function transcriptOf(app: App, ca?: string): Promise<unknown> {
  const secure = ca === undefined ? {} : { ca }
  for (const path of ['/write', '/chained', '/strict', '/empty', '/destroy'])
    await connect(app, path, secure).ended()
  for (const path of ['/upload', '/early']) {
    await connect(app, path, { head: 'content-length: 5\r\n', ...secure })
      .send('hello')
      .ended()
  }
  const client = connect(app, '/left', secure)
  const seen = async (text: string): Promise<boolean> =>
    JSON.stringify(await answered(app, '/transcript')).includes(text)
  while (!(await seen('"/left"')));
  if (ca === undefined) client.reset()
  else client.socket.destroy()
  while (!(await seen('["/left","request close undefined"]')));
  return answered(app, '/transcript')
}

scenario.for(['http', 'https', 'fallback'])(
  'results, callbacks, errors, order of events and listeners are those of a run without us, %s',
  async (kind, { serve, ingest }) => {
    const options = { file: FILE, args: [kind], env: { KEY: key, CERT: cert } }
    const ca = kind === 'http' ? undefined : authority.pem
    const look = async (): Promise<readonly unknown[]> => [
      await transcriptOf(await serve(options, SERVERS), ca),
      await transcriptOf(await serve({ ...options, preload: 'none' }, SERVERS), ca),
    ]
    let [ours, without] = await look()
    // How much the kernel takes at once differs from run to run, and with it where a callback stands.
    for (let again = 0; again < LOOKS && !isDeepStrictEqual(ours, without); again++)
      [ours, without] = await look()
    expect(ours).toEqual(without)
    await ingest.waitForEvents(8)
  },
)

scenario(
  'a client that does not read: the application is not made to write more',
  async ({ serve, ingest }) => {
    /** Bytes that were taken from the source when the connection took no more. */
    const stalled = async (app: App): Promise<number> => {
      let last = -1
      for (let same = 0; same < 20;) {
        const { pulled, waits } = await answered<{ pulled: number; waits: boolean }>(app, '/pulled')
        same = waits && pulled === last ? same + 1 : 0
        last = pulled
      }
      return last
    }
    const pulled: number[] = []
    for (const preload of ['none', '--import'] as const) {
      const app = await serve({ file: FILE, preload, env: { PEEKAPI_IGNORE_PATHS: '/pulled' } }, SERVERS)
      const client = connect(app, '/pipe')
      client.socket.pause()
      pulled.push(await stalled(app))
      if (preload === 'none') continue
      client.socket.resume()
      await until(
        () => client.closed,
        () => `the end; ${client.bytes} bytes came`,
        20_000,
      )
      const [event] = await ingest.waitForEvents(1)
      expect(event).toMatchObject({ path: '/pipe', status_code: 200, response_size: SOURCE_BYTES - 65_536 })
    }
    // The kernel's buffers grow as they like; without backpressure it would be the whole source.
    const [without, within] = pulled as [number, number]
    expect(within).toBeLessThan(without * 2)
    expect(without * 2).toBeLessThan(SOURCE_BYTES / 4)
  },
)
