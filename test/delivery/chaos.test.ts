import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { App, root } from '../support/app.ts'
import { drive } from '../support/traffic.ts'
import { scriptOf } from '../support/script.ts'
import { until } from '../support/until.ts'

const NO_BATCH = { id: '', events: [], body: '' }

test('a script is read word by word, and its last reply stays', () => {
  const script = scriptOf(['503*2', '429:7', 'before', '202+50'])
  expect(Array.from({ length: 6 }, (_, n) => script(n, NO_BATCH))).toEqual([
    { status: 503 },
    { status: 503 },
    { status: 429, headers: { 'retry-after': '7' } },
    { broken: 'before' },
    { status: 202, delayMs: 50 },
    { status: 202, delayMs: 50 },
  ])
  expect(() => scriptOf(['602'])).toThrow(/602 is no reply/)
})

test('npm run chaos is an endpoint for anybody: it prints what to set, and each batch with what became of it', async () => {
  const chaos = spawn(process.execPath, [join(root, 'test/support/chaos.ts'), 'before', '503', '202'], {
    env: { PATH: process.env['PATH'] },
  })
  onTestFinished(() => void chaos.kill())
  let printed = ''
  chaos.stdout.on('data', (chunk: Buffer) => (printed += chunk))
  await until(
    () => printed.includes('\n'),
    () => 'the endpoint',
  )
  const endpoint = /PEEKAPI_ENDPOINT=(\S+)/.exec(printed)![1]!
  const app = await App.serve({ file: 'fixtures/http/app.cjs', endpoint })
  onTestFinished(() => void app.stop('SIGKILL'))
  await drive(app, 1)
  await until(
    () => printed.includes('  1 events  202'),
    () => printed,
    20_000,
  )
  const [, ...lines] = printed.trim().split('\n')
  expect(lines.map((line) => line.split('  ')[2])).toEqual(['before', '503', '202'])
  expect(new Set(lines.map((line) => line.split('  ')[0])).size).toBe(1)
})
