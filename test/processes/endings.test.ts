import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { App, type AppOptions, type Ending } from '../support/app.ts'
import { Ingest } from '../support/ingest.ts'
import { lastLedger } from '../support/ledger.ts'
import { ask } from '../support/request.ts'
import { until } from '../support/until.ts'

let ingest: Ingest
beforeEach(async () => {
  ingest = await Ingest.start()
})
afterEach(() => ingest.close())

/** So long that only the end of the process can be what sends. */
const NO_TIMELY_FLUSH = { PEEKAPI_FLUSH_INTERVAL: '10m' }

type Play = (app: App) => Promise<Ending>

/** Plays the same with and without us; all that can be seen from outside must be equal. */
async function alike(file: string, play: Play, options: Partial<AppOptions> = {}): Promise<Ending> {
  const endings: Ending[] = []
  for (const preload of ['none', '--import'] as const) {
    const app = await App.serve({
      file: `fixtures/endings/${file}`,
      preload,
      endpoint: ingest.url,
      ...options,
      env: { ...NO_TIMELY_FLUSH, ...options.env },
    })
    endings.push(await play(app))
  }
  const [bare, ours] = endings.map(comparable)
  expect(ours).toEqual(bare)
  return endings[1]!
}

/**
 * A stack trace may show frames of ours below its first one: what is wrapped is on the stack. Where that frame
 * would be depends on Node's version, so of each trace only the head and the first frame are compared.
 */
function comparable(ending: Ending): Ending {
  return { ...ending, stderr: ending.stderr.replaceAll(/^( +at .+\n)(?: +at .+\n)+/gm, '$1') }
}

async function askThree(app: App): Promise<void> {
  for (const path of ['/1', '/2', '/3']) await ask(app.origin, path)
}

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  test('P1 with nobody listening: everything is sent, then the process dies of the signal', async () => {
    const ending = await alike('serve.cjs', async (app) => {
      await askThree(app)
      return app.stop(signal)
    })
    expect(ending).toMatchObject({ code: null, signal, stderr: '' })
    expect(ingest.events).toHaveLength(3)
  })

  test('P2 with an endpoint that never answers: the process is gone soon after the shutdown timeout', async () => {
    ingest.script = () => ({ broken: 'never' })
    const app = await App.serve({
      file: 'fixtures/endings/serve.cjs',
      endpoint: ingest.url,
      env: { ...NO_TIMELY_FLUSH, PEEKAPI_SHUTDOWN_TIMEOUT: '200ms' },
    })
    await askThree(app)
    expect(await app.stop(signal)).toMatchObject({ code: null, signal, stderr: '' })
  })

  test('P5 twice: the second ends it at once', async () => {
    ingest.script = () => ({ broken: 'never' })
    const app = await App.serve({
      file: 'fixtures/endings/serve.cjs',
      endpoint: ingest.url,
      env: { ...NO_TIMELY_FLUSH, PEEKAPI_SHUTDOWN_TIMEOUT: '5m' },
    })
    await askThree(app)
    app.process.kill(signal)
    await until(
      () => ingest.batches.length === 1,
      () => 'the send that the first signal starts',
    )
    expect(await app.stop(signal)).toMatchObject({ code: null, signal })
  })
})

test("P3 SIGTERM with the application's own handler: its order and exit code, and the requests it answers while closing", async () => {
  const ending = await alike('graceful.cjs', async (app) => {
    await ask(app.origin, '/before')
    const slow = ask(app.origin, '/slow')
    await ask(app.origin, '/with-slow-under-way')
    app.process.kill('SIGTERM')
    await slow
    return app.ended
  })
  expect(ending).toMatchObject({ code: 7, signal: null, stdout: 'closing\nclosed\n' })
  expect(ingest.events.map((event) => event.path).toSorted()).toEqual([
    '/before',
    '/slow',
    '/with-slow-under-way',
  ])
})

test('SIGTERM with a handler that raises it again only when alone: it finds itself alone', async () => {
  const ending = await alike('reraises.cjs', async (app) => {
    await ask(app.origin, '/1')
    return app.stop('SIGTERM')
  })
  expect(ending).toMatchObject({ signal: 'SIGTERM', stdout: 'alone\n' })
})

test('P4 SIGTERM that the application ignores: it goes on serving and its events arrive', async () => {
  const app = await App.serve({ file: 'fixtures/endings/ignores.cjs', endpoint: ingest.url })
  for (const round of [1, 2]) {
    app.process.kill('SIGTERM')
    await until(
      () => app.stdout.split('not now').length === round + 1,
      () => `refusal ${round}`,
    )
    await ask(app.origin, `/after/${'x'.repeat(round)}`)
    await ingest.waitForEvents(round)
  }
  await app.stop('SIGKILL')
})

test.each([
  ['process.exit in a handler', 'exit-in-handler.cjs', '/exit', 5],
  ['an uncaught exception', 'uncaught.cjs', '/throw', 1],
  ['an unhandled rejection', 'rejection.cjs', '/reject', 1],
])('P6 %s: exit code and stderr as without us', async (_name, file, path, code) => {
  const ending = await alike(file, async (app) => {
    await ask(app.origin, '/1')
    await ask(app.origin, path)
    return app.ended
  })
  expect(ending.code).toBe(code)
})

test('P13 a program that runs out of work ends, with its events delivered and the ledger closed', async () => {
  const ending = await App.run({
    file: 'fixtures/endings/one-request.cjs',
    endpoint: ingest.url,
    env: { ...NO_TIMELY_FLUSH, PEEKAPI_DEBUG: 'true' },
  })
  expect(ending).toMatchObject({ code: 0, signal: null })
  expect(ingest.events).toMatchObject([{ path: '/mine' }])
  expect(lastLedger(ending.stderr)).toMatchObject({ captured: 1, delivered: 1 })
})

test('P13 a program that runs out of work while the endpoint is down still ends', async () => {
  ingest.script = () => ({ status: 503 })
  const ending = await App.run({
    file: 'fixtures/endings/one-request.cjs',
    endpoint: ingest.url,
    env: { ...NO_TIMELY_FLUSH, PEEKAPI_SHUTDOWN_TIMEOUT: '300ms' },
  })
  expect(ending).toMatchObject({ code: 0, signal: null, stderr: '' })
})
