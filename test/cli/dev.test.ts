import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Summary } from '../../src/collector/store.ts'
import { abort, ask } from '../support/request.ts'
import { Peekapi, program } from './peekapi.ts'

const node = process.execPath

async function drive({ origin }: Peekapi): Promise<void> {
  for (let n = 0; n < 3; n++) await ask(origin, '/users', { headers: { 'x-api-key': `ck_${n}` } })
  await ask(origin, '/users', { headers: { 'x-api-key': 'ck_0', 'x-status': '403' } })
  await ask(origin, '/orders', { method: 'POST', headers: { 'x-status': '502' } })
}

/** Durations are what they are; all else of the output is known. */
function maskDurations(text: string): string {
  return text.replaceAll(/ *\b[\d.]+m?s\b/g, ' <time>')
}

test('the table holds exactly the traffic, in the terms of the protocol', async () => {
  const peekapi = await Peekapi.serve(['--quiet'])
  await drive(peekapi)
  await abort(peekapi.origin, '/wait', { afterMs: 50 })
  const { stdout, stderr } = await peekapi.stop()
  expect(stdout).toMatch(/^\d+\n$/)
  const lines = maskDurations(stderr).split('\n')
  expect(lines.filter((line) => !/^─+$/.test(line))).toEqual([
    '',
    'ended by SIGTERM',
    expect.stringMatching(/^endpoint +calls +4xx +5xx +p50 +p95 +p99 +consumers$/),
    'GET  /users       4  25.0% <time> <time> <time>          3',
    'POST /orders      1          100% <time> <time> <time>',
    'GET  /wait        1   100% <time> <time> <time>',
    'total             6  33.3%  16.7% <time> <time> <time>          3',
    '1 aborted by the client',
    '',
  ])
})

test('--json: the figures of the table and nothing else', async () => {
  const peekapi = await Peekapi.serve(['--json'])
  await drive(peekapi)
  const { stderr } = await peekapi.stop()
  const { endpoints, total } = JSON.parse(stderr) as Summary
  expect(endpoints.map(({ method, path, calls }) => [method, path, calls])).toEqual([
    ['GET', '/users', 4],
    ['POST', '/orders', 1],
  ])
  expect(total).toMatchObject({ calls: 5, clientErrors: 1, serverErrors: 1, consumers: { distinct: 3 } })
  expect(stderr.match(/\n/g)).toHaveLength(1)
})

test('a line for each request while the command runs', async () => {
  const peekapi = await Peekapi.serve()
  await drive(peekapi)
  const { stderr } = await peekapi.stop()
  const live = stderr.split('\n').filter((line) => /^\d\d:\d\d:\d\d\.\d{3} /.test(line))
  expect(live.map((line) => maskDurations(line.slice('12:34:56.789'.length)).trim())).toEqual([
    ...['ck_0', 'ck_1', 'ck_2'].map((key) => `GET      ${'/users'.padEnd(36)}  200 <time>      5B  ${key}`),
    `GET      ${'/users'.padEnd(36)}  403 <time>      5B  ck_0`,
    `POST     ${'/orders'.padEnd(36)}  502 <time>      5B  -`,
  ])
})

test('colours only where they are wanted', async () => {
  const colored = async (env: Record<string, string>): Promise<boolean> => {
    const { stderr } = await Peekapi.run(['dev', '--', node, '-e', ''], { env })
    return stderr.includes('\u001B')
  }
  expect(await colored({})).toBe(false)
  expect(await colored({ FORCE_COLOR: '1' })).toBe(true)
  expect(await colored({ FORCE_COLOR: '1', NO_COLOR: '1' })).toBe(false)
})

test('what goes in and out of the command is untouched', async () => {
  const peekapi = new Peekapi(['dev', '--', node, program('echo.cjs')])
  const text = 'first\r\n\u001B[31mred\u0000 [peekapi]\nno newline at the end'
  peekapi.process.stdin.end(text)
  expect(await peekapi.ended).toMatchObject({ code: 0, stdout: text })
})

test('without requests it says so', async () => {
  const { code, stdout, stderr } = await Peekapi.run(['dev', '--quiet', '--', node, '-e', ''])
  expect([code, stdout, stderr]).toEqual([0, '', '\nNo request was captured.\n'])
})

test('the words of the command are its own, with and without --', async () => {
  const script = 'console.log(process.argv.slice(1).join())'
  for (const separator of [['--'], []]) {
    const args = ['dev', '--quiet', ...separator, node, '-e', script, '--', '--help', 'a b']
    expect((await Peekapi.run(args)).stdout).toBe('--help,a b\n')
  }
})

test("the command's environment: the user's own wins, but for the endpoint", async () => {
  const told = async (env: Record<string, string>): Promise<Record<string, string>> => {
    const args = ['dev', '--quiet', '--', node, program('environment.cjs')]
    return JSON.parse((await Peekapi.run(args, { env })).stdout) as Record<string, string>
  }
  expect(await told({ PEEKAPI_ENDPOINT: 'https://example.com/' })).toEqual({
    NODE_OPTIONS: expect.stringMatching(/^--import file:\/\/\S+\/register\.mjs$/),
    PEEKAPI_API_KEY: 'peekapi-dev',
    PEEKAPI_ENDPOINT: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/v1\/events$/),
    PEEKAPI_FLUSH_INTERVAL: '200ms',
    PEEKAPI_STORAGE_PATH: 'none',
  })
  const own = {
    PEEKAPI_API_KEY: 'mine',
    PEEKAPI_FLUSH_INTERVAL: '1s',
    PEEKAPI_STORAGE_PATH: '/tmp/peekapi-x',
  }
  const both = await told({ ...own, NODE_OPTIONS: '--title="a b"' })
  expect(both).toMatchObject(own)
  expect(both['NODE_OPTIONS']).toMatch(/^--title="a b" --import file:/)
})

test('works from a directory with blanks, quotes and percent signs in its name', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'with "blanks" 100%25 '))
  try {
    for (const entry of ['dist', 'register.mjs', 'register.cjs', 'package.json'])
      await cp(entry, join(directory, entry), { recursive: true })
    const peekapi = await Peekapi.serve(['--json'], { cli: join(directory, 'dist/cli.cjs') })
    await drive(peekapi)
    const { stderr } = await peekapi.stop()
    expect((JSON.parse(stderr) as Summary).total.calls).toBe(5)
  } finally {
    await rm(directory, { recursive: true })
  }
})
