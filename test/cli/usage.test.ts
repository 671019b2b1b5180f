import { expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { Peekapi } from './peekapi.ts'

test.each([['--version'], ['-v']])('%s prints the version and nothing else', async (flag) => {
  expect(await Peekapi.run([flag])).toMatchObject({ code: 0, stdout: `${manifest.version}\n`, stderr: '' })
})

test.each([
  [['--help'], 'Usage: peekapi <command> [options]\n'],
  [['-h'], 'Usage: peekapi <command> [options]\n'],
  [['dev', '--help'], 'Usage: peekapi dev [options] -- <command> [arguments]\n'],
  [['dev', '-h', '--', 'node'], 'Usage: peekapi dev [options] -- <command> [arguments]\n'],
])('%j explains itself on stdout', async (args, firstLine) => {
  const { code, stdout, stderr } = await Peekapi.run(args)
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout.startsWith(firstLine)).toBe(true)
})

test('without a command, the help on stderr', async () => {
  const { code, stdout, stderr } = await Peekapi.run([])
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(/^Usage: peekapi <command>/)
})

test.each([
  [['dve', '--', 'node'], 'unknown command dve; did you mean dev?'],
  [['--hepl'], 'unknown option --hepl; did you mean --help?'],
  [['-x'], 'unknown option -x; did you mean --help?'],
  [['dev', '--qiet', '--', 'node'], 'unknown option --qiet; did you mean --quiet?'],
  [['dev', '--json=yes', 'node'], 'option --json takes no value'],
  [['dev'], 'dev needs a command to run: peekapi dev -- node app.js'],
  [['dev', '--quiet', '--'], 'dev needs a command to run: peekapi dev -- node app.js'],
])('%j is refused in one line', async (args, message) => {
  expect(await Peekapi.run(args)).toMatchObject({ code: 2, stdout: '', stderr: `peekapi: ${message}\n` })
})

test('a name that every object has is no command', async () => {
  const { code, stderr } = await Peekapi.run(['constructor'])
  expect([code, stderr]).toEqual([2, 'peekapi: unknown command constructor; did you mean dev?\n'])
})

test.each([
  ['a command that is not there', 'no-such-command', 127, 'command not found: no-such-command'],
  ['a file that is no program', './package.json', 126, 'not executable: ./package.json'],
])('%s', async (_name, command, code, message) => {
  expect(await Peekapi.run(['dev', '--quiet', '--', command])).toMatchObject({
    code,
    stdout: '',
    stderr: `peekapi: ${message}\n`,
  })
})
