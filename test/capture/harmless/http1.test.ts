import { expect } from 'vitest'
import type { App } from '../../support/app.ts'
import { RawClient } from '../../support/raw-client.ts'
import { ask } from '../../support/request.ts'
import { scenario } from '../../support/scenario.ts'
import { until } from '../../support/until.ts'

const FILE = 'fixtures/http/transcript.cjs'
const SOURCE_BYTES = 200_015_872

function connect(app: App, path: string, head: string = ''): RawClient {
  const request = `GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n${head}\r\n`
  return new RawClient({ port: app.port, host: '127.0.0.1' }).send(request)
}

async function answered<Answer>(app: App, path: string): Promise<Answer> {
  return JSON.parse((await ask(app.origin, path)).body.toString()) as Answer
}

/** One exchange after the other, so that what is written down has one order. */
async function transcriptOf(app: App): Promise<unknown> {
  for (const path of ['/write', '/chained', '/strict', '/empty', '/destroy']) await connect(app, path).ended()
  for (const path of ['/upload', '/early']) {
    await connect(app, path, 'content-length: 5\r\n').send('hello').ended()
  }
  const client = connect(app, '/left')
  const seen = async (text: string): Promise<boolean> =>
    JSON.stringify(await answered(app, '/transcript')).includes(text)
  while (!(await seen('"/left"')));
  client.reset()
  while (!(await seen('["/left","request close undefined"]')));
  return answered(app, '/transcript')
}

scenario(
  'results, callbacks, errors, order of events and listeners are those of a run without us',
  async ({ serve, ingest }) => {
    const without = await transcriptOf(await serve({ file: FILE, preload: 'none' }))
    const app = await serve({ file: FILE })
    expect(await transcriptOf(app)).toEqual(without)
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
      const app = await serve({ file: FILE, preload, env: { PEEKAPI_IGNORE_PATHS: '/pulled' } })
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
