import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { App, root, type Ending } from '../support/app.ts'
import { scenario } from '../support/scenario.ts'
import { ask } from '../support/request.ts'
import { until } from '../support/until.ts'

const PRELOADS = ['--import', '--require'] as const

/** `node -e` under the preload. */
function evaluate(source: string, options: Partial<Parameters<typeof App.run>[0]> = {}): Promise<Ending> {
  return App.run({ execArgv: ['--eval'], file: source, ...options })
}

/** The run to compare with. Node itself takes another way through its loader once there is any `--import`. */
async function expectAlike(
  preload: (typeof PRELOADS)[number],
  file: string,
  execArgv: readonly string[],
): Promise<Ending> {
  const empty = preload === '--import' ? ['--import', `${root}fixtures/threads/empty.mjs`] : []
  const ours = await App.run({ preload, execArgv, file })
  const bare = await App.run({ preload: 'none', execArgv: [...empty, ...execArgv], file })
  const withoutPid = (ending: Ending): Ending => ({
    ...ending,
    stderr: ending.stderr.replaceAll(/\(node:\d+\)/g, '(node)'),
  })
  expect(withoutPid(ours)).toEqual(withoutPid(bare))
  return ours
}

describe.each(PRELOADS)('by %s', (preload) => {
  test('without a key it says so in one line and is inert', async () => {
    const ending = await evaluate(
      "require('http').createServer((q, r) => r.end()).listen(0, function () { this.close() }); console.log(globalThis[Symbol.for('peekapi.auto')].stats().captured)",
      { preload, env: { PEEKAPI_API_KEY: '' } },
    )
    expect(ending).toMatchObject({ code: 0, stdout: '0\n' })
    expect(ending.stderr).toMatch(/^\[peekapi\] PEEKAPI_API_KEY is not set: .+\n$/)
  })

  test.each(['false', '0', 'no', 'off', ' FALSE '])(
    'PEEKAPI_ENABLED=%j is silent and inert, key or not',
    async (value) => {
      for (const key of ['', 'k']) {
        const ending = await evaluate(
          "const http = require('http'); const emit = http.Server.prototype.emit; http.createServer().listen(0, function () { this.close(); console.log(http.Server.prototype.emit === emit) })",
          { preload, env: { PEEKAPI_ENABLED: value, PEEKAPI_API_KEY: key } },
        )
        expect(ending).toMatchObject({ code: 0, stdout: 'true\n', stderr: '' })
      }
    },
  )

  test('a program that does nothing ends at once, silently, with nothing of node:http loaded', async () => {
    const ending = await evaluate(
      'console.log(process.moduleLoadList.filter((name) => /^NativeModule (http|https|crypto|worker_threads|net|tls)$/.test(name)).join())',
      { preload },
    )
    expect(ending).toMatchObject({ code: 0, stderr: '' })
    const bare = await evaluate(
      'console.log(process.moduleLoadList.filter((name) => /^NativeModule (http|https|crypto|worker_threads|net|tls)$/.test(name)).join())',
      { preload: 'none' },
    )
    expect(ending.stdout).toBe(bare.stdout)
  })

  test.each([
    ['the exit code', 'process.exitCode = 3', 3],
    ['an early exit', 'process.exit(4)', 4],
    ['a failure', "throw new Error('mine')", 1],
  ])('%s is the program’s own', async (_name, source, code) => {
    const { code: ours } = await expectAlike(preload, source, ['--eval'])
    expect(ours).toBe(code)
  })

  test.each([
    '--throw-deprecation',
    '--pending-deprecation',
    '--frozen-intrinsics',
    '--disallow-code-generation-from-strings',
  ])('under %s it stays silent', async (flag) => {
    const source = "require('http').createServer((q, r) => r.end()).listen(0, function () { this.close() })"
    await expectAlike(preload, source, [flag, '--eval'])
  })

  // Our files lie outside of `node_modules` here, as in /opt, and Node warns those who ask from there.
  scenario('what packages may ask of Node without a warning, they still may', async ({ directory }) => {
    const asking = join(directory, 'node_modules/asking')
    await mkdir(asking, { recursive: true })
    await writeFile(join(asking, 'index.js'), "console.log(typeof require('punycode').encode)")
    for (const [name, source] of [
      ['app.cjs', "require('asking')"],
      ['app.mjs', "import 'asking'"],
    ] as const) {
      const file = join(directory, name)
      await writeFile(file, source)
      const ending = await App.run({ preload, execArgv: ['--throw-deprecation'], file })
      expect(ending).toMatchObject({ code: 0, stdout: 'function\n', stderr: '' })
    }
  })

  test('under DEBUG=* nothing of ours prints', async () => {
    const ending = await evaluate("require('http').createServer().listen(0, function () { this.close() })", {
      preload,
      env: { DEBUG: '*' },
    })
    expect(ending).toMatchObject({ code: 0, stdout: '', stderr: '' })
  })

  scenario('each worker thread has its own client and captures its own requests', async ({ ingest }) => {
    const ending = await App.run({ preload, file: 'fixtures/threads/workers.cjs', endpoint: ingest.url })
    expect(ending).toMatchObject({ code: 0, stderr: '' })
    expect(ingest.events.map((event) => event.path)).toEqual(['/worker', '/worker'])
  })

  test('Node’s loader thread is left alone', async () => {
    const ending = await App.run({ preload, file: 'fixtures/threads/register-hooks.mjs' })
    expect(ending).toMatchObject({ code: 0, stdout: 'done\n', stderr: '' })
  })
})

scenario(
  'by --import, --require and NODE_OPTIONS at once: one event per request',
  async ({ ingest, serve }) => {
    const app = await serve({
      execArgv: ['--require', `${root}register.cjs`],
      env: { NODE_OPTIONS: `--import ${root}register.mjs --require ${root}register.cjs` },
    })
    await ask(app.origin, '/1')
    await ask(app.origin, '/2')
    await ingest.waitForEvents(2)
    expect(await app.stats()).toMatchObject({ captured: 2 })
  },
)

scenario(
  'beside an application that tells of its requests itself, by our client and by an older SDK: one event of ours per request',
  async ({ ingest, serve }) => {
    const REQUESTS = 3
    const app = await serve({ file: 'fixtures/http/hand-wired.cjs' })
    for (let n = 0; n < REQUESTS; n++) await ask(app.origin, `/told/${n}`)
    // The batches of older SDKs have no key that would tell them apart.
    const toldBy = (who: string): string[] =>
      ingest.batches
        .flatMap(({ events }) => events)
        .filter(({ metadata }) => (metadata?.['by'] ?? 'preload') === who)
        .map(({ path }) => path)
        .toSorted()
    const all = ['preload', 'client', 'sdk']
    await until(
      () => all.every((who) => toldBy(who).length >= REQUESTS),
      () => `all events; got ${JSON.stringify(all.map(toldBy))}`,
    )
    expect(await app.stats()).toMatchObject({ captured: REQUESTS })
    expect(await app.stop()).toMatchObject({ code: 0, stderr: '' })
    expect(toldBy('client')).toEqual(['/told/0', '/told/1', '/told/2'])
    expect(toldBy('sdk')).toEqual(toldBy('client'))
    expect(toldBy('preload')).toEqual(Array(REQUESTS).fill('/told/{id}'))
  },
)

test('the mark on globalThis cannot be seen or replaced', async () => {
  const { stdout } = await evaluate(`
    const descriptor = Object.getOwnPropertyDescriptor(globalThis, Symbol.for('peekapi.auto'))
    console.log(descriptor.enumerable, descriptor.writable, descriptor.configurable)`)
  expect(stdout).toBe('false false false\n')
})
