import { describe, expect } from 'vitest'
import { releases, subject } from '../../fixtures/next/cases.ts'
import type { ApiEvent } from '../../src/types/client.ts'
import { contract } from '../contract.ts'
import type { App } from '../support/app.ts'
import { expectClosed } from '../support/ledger.ts'
import { ask } from '../support/request.ts'
import { scenario } from '../support/scenario.ts'

contract(subject)

const env = { NODE_ENV: 'production', PEEKAPI_NORMALIZE_PATHS: 'false' }

/** What no table can hold: every build names its actions anew, and some exchanges are not the client's. */
describe.runIf(process.env['RELEASES'] === 'all').each(releases())('next %s', (release) => {
  const start = {
    file: `fixtures/next/${release}/node_modules/next/dist/bin/next`,
    args: ['start', `fixtures/next/${release}/built/site`, '--port', '0'],
    env,
  }

  scenario('a form that is sent to an action has the route of its page', async ({ ingest, serve }) => {
    const app = await serve(start)
    const form = new FormData()
    form.set(`$ACTION_ID_${await actionOf(app)}`, '')
    form.set('to', 'away')
    const encoded = new Response(form)
    const body = Buffer.from(await encoded.arrayBuffer())
    const headers = { 'content-type': encoded.headers.get('content-type')! }
    const reply = await ask(app.origin, '/forms/away', { method: 'POST', headers, body })
    expect(reply.status).toBe(303)
    const [, event] = await ingest.waitForEvents(2)
    expect(event).toMatchObject({ method: 'POST', path: '/forms/[id]', status_code: 303 })
    expect(event!.request_size).toBe(body.byteLength)
    expectClosed(await app.stats())
  })

  scenario('the page that an action redirects to is an exchange of its own', async ({ ingest, serve }) => {
    const app = await serve(start)
    const reply = await ask(app.origin, '/forms/away', {
      method: 'POST',
      headers: { 'next-action': await actionOf(app), 'content-type': 'text/plain;charset=UTF-8' },
      body: '["away"]',
    })
    expect(reply.headers['x-action-redirect']).toBe('/about;push')
    const events = await ingest.waitForEvents(3)
    expect(events.map(brief).toSorted()).toEqual([
      'GET /about 200',
      'GET /forms/[id] 200',
      `POST /forms/[id] ${reply.status}`,
    ])
    expectClosed(await app.stats())
  })

  scenario('an image that Next makes smaller is one exchange', async ({ ingest, serve }) => {
    const app = await serve(start)
    const reply = await ask(app.origin, '/_next/image?url=%2Fdot.png&w=64&q=75')
    expect(reply.status).toBe(200)
    const [event] = await ingest.waitForEvents(1)
    expect(event).toMatchObject({ path: '/_next/image', response_size: reply.body.byteLength })
    expect((await app.stats()).captured).toBe(1)
  })

  scenario(
    'a server with a numeric address asks itself what middleware rewrites',
    async ({ ingest, serve }) => {
      const app = await serve({ ...start, args: [...start.args, '--hostname', '127.0.0.1'] })
      const reply = await ask(app.origin, '/rewritten/4')
      expect(reply.status).toBe(200)
      const events = await ingest.waitForEvents(2)
      expect(events.map(brief).toSorted()).toEqual(['GET /posts/[slug] 200', 'GET /rewritten/4 200'])
      expect(events.map((event) => event.response_size)).toEqual([
        reply.body.byteLength,
        reply.body.byteLength,
      ])
      expectClosed(await app.stats())
    },
  )
})

function brief({ method, path, status_code }: ApiEvent): string {
  return `${method} ${path} ${status_code}`
}

async function actionOf(app: App): Promise<string> {
  const { body } = await ask(app.origin, '/forms/away')
  return /\$ACTION_ID_(\w+)/.exec(body.toString())![1]!
}
