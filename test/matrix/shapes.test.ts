import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from '../support/app.ts'
import { expectShape, onlyOurs } from './shape.ts'

const here = join(root, 'fixtures/matrix')
const once = join(here, 'once.cjs')

describe.concurrent('process shapes', { timeout: 120_000 }, () => {
  test('threads from a file, without arguments, evaluated, and as a module', () =>
    expectShape({
      args: [join(here, 'threads.cjs')],
      // `--import` is not run by Node in a CommonJS thread that is evaluated; `--require` is.
      events: ['/file', '/module', '/no-arguments'],
    }))

  test('by --require, evaluated threads too', () =>
    expectShape({
      args: [join(here, 'threads.cjs')],
      preload: '--require',
      events: ['/evaluated', '/file', '/module', '/no-arguments'],
    }))

  test('children by fork, spawn and exec', () =>
    expectShape({
      args: [join(here, 'children.cjs')],
      events: ['/exec', '/fork', '/fork-without-arguments', '/spawn'],
    }))

  test('a cluster of four under load', () =>
    expectShape({
      args: [join(here, 'cluster.cjs')],
      events: Array.from({ length: 1000 }, () => '/clustered'),
    }))

  test('npm run', () =>
    expectShape({
      command: 'npm',
      args: ['run', '--silent', 'once', '--', '/npm-run'],
      cwd: here,
      events: ['/npm-run'],
    }))

  test('npx', () =>
    expectShape({
      command: 'npx',
      args: ['--no-install', 'tsx', once, '/npx'],
      cwd: here,
      events: ['/npx'],
    }))

  test('tsx', () =>
    expectShape({
      args: [join(here, 'node_modules/tsx/dist/cli.mjs'), join(here, 'once.mts'), '/tsx'],
      events: ['/tsx'],
    }))

  test('node --watch', () =>
    expectShape({
      args: ['--watch', once, '/watch'],
      until: (events) => events.length === 1,
      events: ['/watch'],
    }))

  test('node --test', () => expectShape({ args: ['--test', once], events: ['/once'] }))

  test.for(['forks', 'threads', 'vmForks', 'vmThreads'])('vitest, %s', (pool) =>
    expectShape({
      args: [
        join(root, 'node_modules/vitest/vitest.mjs'),
        'run',
        '--reporter=tap',
        `--pool=${pool}`,
        '--root',
        here,
      ],
      events: ['/vitest'],
    }),
  )

  test.for([
    ['fork', []],
    ['cluster', ['-i', '2']],
  ] as const)('PM2, %s mode', ([mode, options]) =>
    expectShape({
      args: [join(here, 'pm2.cjs'), ...options, '--', `/pm2-${mode}`],
      until: (events) => events.length === (mode === 'fork' ? 1 : 2),
      events: Array.from({ length: mode === 'fork' ? 1 : 2 }, () => `/pm2-${mode}`),
    }),
  )

  test('a program that serves nothing', () =>
    expectShape({ args: ['--eval', 'console.log(1 + 1)'], events: [] }))

  test('a program from standard input', () =>
    expectShape({ args: ['-'], input: `require(${JSON.stringify(once)})`, events: ['/once'] }))

  test('the REPL', () =>
    expectShape({
      args: ['--interactive'],
      input: `require(${JSON.stringify(once)}), 'asked'\n`,
      until: (events) => events.length === 1,
      events: ['/once'],
    }))

  test.for([
    '--frozen-intrinsics',
    '--disallow-code-generation-from-strings',
    '--throw-deprecation',
    '--jitless',
  ])('under %s', (flag) => expectShape({ args: [flag, once], events: ['/once'] }))

  test('under --permission, where our files may be read', () =>
    expectShape({ args: ['--permission', '--allow-fs-read=*', once], events: ['/once'] }))

  test('under --permission, where they may not: one line, and the program runs', async () => {
    const ending = await onlyOurs({
      args: ['--permission', `--allow-fs-read=${here}/*`, once],
      preload: '--require',
    })
    expect(ending).toMatchObject({ code: 0, stdout: '' })
    expect(ending.stderr).toMatch(/^\[peekapi\] .*Access to this API has been restricted.*\n$/)
  })
})
