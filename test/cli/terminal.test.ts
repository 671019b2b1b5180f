import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { root } from '../support/app.ts'
import { until } from '../support/until.ts'
import { program } from './peekapi.ts'

/** util-linux's `script` gives a command a terminal of its own; that of other systems has other options. */
const hasTerminals =
  spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') === true

test.skipIf(!hasTerminals)('Ctrl-C in a terminal reaches the command once for each key press', async () => {
  const tool = `"${process.execPath}" dist/cli.cjs dev --quiet -- "${process.execPath}" "${program('signals.cjs')}"`
  const command = ['-qec', `echo "pid $$"; exec ${tool}`, '/dev/null']
  const terminal = spawn('script', command, { cwd: root, stdio: 'pipe' })
  const closed = once(terminal, 'close')
  let screen = ''
  terminal.stdout.setEncoding('utf8').on('data', (text: string) => (screen += text))
  const shows = (text: string): Promise<void> =>
    until(
      () => screen.includes(text),
      () => `${text} on ${JSON.stringify(screen)}`,
    )
  await shows('ready')
  terminal.stdin.write('\u0003')
  await shows('^CSIGINT')
  // What the tool passes on arrives in order: a second SIGINT of its own would have come before this.
  process.kill(Number(/pid (\d+)/.exec(screen)![1]), 'SIGUSR2')
  await shows('SIGUSR2')
  terminal.stdin.write('\u0003')
  const [code] = (await closed) as [number]
  expect(code).toBe(6)
  expect(screen).toContain('ready\r\n^CSIGINT\r\nSIGUSR2\r\n^CSIGINT\r\n')
})
