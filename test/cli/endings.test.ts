import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import type { Summary } from '../../src/collector/store.ts'
import { ask } from '../support/request.ts'
import { Peekapi, program } from './peekapi.ts'

const node = process.execPath
const signals = ['dev', '--quiet', '--', node, program('signals.cjs')]

test.each([0, 3, 255])('exit code %d passes through', async (code) => {
  const ending = await Peekapi.run(['dev', '--quiet', '--', node, '-e', `process.exit(${code})`])
  expect(ending).toMatchObject({ code, signal: null })
})

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
  '%s to the tool ends the command, and then the tool in the same way; no event is lost',
  async (signal) => {
    const peekapi = await Peekapi.serve(['--json'])
    for (let n = 0; n < 5; n++) await ask(peekapi.origin, '/')
    const { code, signal: diedOf, stderr } = await peekapi.stop(signal)
    expect([code, diedOf]).toEqual([null, signal])
    // SIGHUP is none of the signals that the preload has a last send for.
    if (signal !== 'SIGHUP') expect((JSON.parse(stderr) as Summary).total.calls).toBe(5)
  },
)

test('a command that kills itself: the tool dies of the same signal', async () => {
  const script = 'process.kill(process.pid, "SIGKILL")'
  const ending = await Peekapi.run(['dev', '--quiet', '--', node, '-e', script])
  expect(ending).toMatchObject({ code: null, signal: 'SIGKILL' })
})

test('a shell sees 128 and the number of the signal', () => {
  const tool = `"${node}" dist/cli.cjs dev --quiet -- "${node}" -e 'process.kill(process.pid, "SIGTERM")'`
  const { stdout } = spawnSync('sh', ['-c', `${tool} 2>/dev/null; echo $?`], { encoding: 'utf8' })
  expect(stdout).toBe('143\n')
})

test('a command that does not go on the first SIGINT gets the second one too; the tool waits for it', async () => {
  const peekapi = new Peekapi(signals)
  await peekapi.says(/ready\n/)
  peekapi.process.kill('SIGINT')
  await peekapi.says(/SIGINT\n/)
  expect(peekapi.process.exitCode).toBeNull()
  expect(await peekapi.stop('SIGINT')).toMatchObject({ code: 6, stdout: 'ready\nSIGINT\nSIGINT\n' })
})

test('signals of the command’s own meaning are passed on', async () => {
  const peekapi = new Peekapi(signals)
  await peekapi.says(/ready\n/)
  peekapi.process.kill('SIGUSR2')
  await peekapi.says(/SIGUSR2\n/)
  expect(await peekapi.stop('SIGTERM')).toMatchObject({ signal: 'SIGTERM' })
})

test('what a command that ends by itself has served is in the table', async () => {
  const { code, stderr } = await Peekapi.run([
    'dev',
    '--json',
    '--',
    node,
    'fixtures/endings/one-request.cjs',
  ])
  expect(code).toBe(0)
  expect((JSON.parse(stderr) as Summary).endpoints).toMatchObject([
    { method: 'GET', path: '/mine', calls: 1 },
  ])
})

test('closing the terminal that shows the lines does not end the command', async () => {
  const peekapi = await Peekapi.serve()
  peekapi.process.stderr.destroy()
  for (let n = 0; n < 3; n++) expect((await ask(peekapi.origin, '/')).status).toBe(200)
  expect(await peekapi.stop()).toMatchObject({ signal: 'SIGTERM' })
})
