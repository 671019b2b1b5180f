import { execFileSync } from 'node:child_process'
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { App, root } from '../support/app.ts'
import { installPacked } from '../support/package.ts'
import { ask } from '../support/request.ts'
import { scenario } from '../support/scenario.ts'
import { asStranger, childOf, hasNamespaces, hasPidNamespaces, isRoot, PID_1 } from '../support/system.ts'
import { until } from '../support/until.ts'
import { expectShape, onlyOurs } from './shape.ts'

const NODE = process.env['NODE_UNDER_TEST'] ?? process.execPath
const PACKAGE = 'node_modules/@peekapi/auto'
const events = ['/once']

/** A root of its own: the package in `/opt`, an application in `/app`, and whatever Node itself needs. */
let image: string
let opt: string
let once: string
beforeAll(() => {
  image = mkdtempSync(join(tmpdir(), 'image-'))
  opt = join(image, 'opt/peekapi')
  const project = installPacked()
  cpSync(join(project.directory, PACKAGE), join(opt, PACKAGE), { recursive: true })
  cpSync(join(opt, PACKAGE), join(image, 'opt/peek api', PACKAGE), { recursive: true })
  project.remove()
  mkdirSync(join(image, 'app'))
  once = join(image, 'app/once.cjs')
  cpSync(join(root, 'fixtures/matrix/once.cjs'), once)
  execFileSync('chmod', ['-R', 'a+rX', image])
})
afterAll(() => rmSync(image, { recursive: true, force: true }))

const softly = (file: string): string =>
  `--import=data:text/javascript,try{await%20import('file://${file}')}catch{}`

describe.concurrent('containers: the package beside the application', { timeout: 60_000 }, () => {
  test.for<[form: string, options: (directory: string) => string]>([
    ['--import <path>', (directory) => `--import ${directory}/register.mjs`],
    ['--import=<path>', (directory) => `--import=${directory}/register.mjs`],
    ['--import <URL>', (directory) => `--import file://${directory}/register.mjs`],
    ['--require <path>', (directory) => `--require ${directory}/register.cjs`],
    ['--require <directory>', (directory) => `--require ${directory}`],
    [
      '--import "<path with a space>"',
      (directory) => `--import "${directory.replace('opt/peekapi', 'opt/peek api')}/register.mjs"`,
    ],
    ['the form that goes on without it', (directory) => softly(`${directory}/register.mjs`)],
  ])('NODE_OPTIONS=%s, from any directory', ([, options]) =>
    expectShape({ args: [once], cwd: '/', options: options(join(opt, PACKAGE)), events }),
  )

  test.for([
    [
      '--import /opt/missing/register.mjs',
      /^Error \[ERR_MODULE_NOT_FOUND\]: Cannot find module '\/opt\/missing\/register\.mjs' imported from /m,
    ],
    [
      '--require /opt/missing/register.cjs',
      /^Error: Cannot find module '\/opt\/missing\/register\.cjs'\nRequire stack:\n- internal\/preload$/m,
    ],
  ] as const)('NODE_OPTIONS=%s ends every process, with this symptom', async ([options, symptom]) => {
    const ending = await onlyOurs({ args: [once], options })
    expect(ending.code).toBe(1)
    expect(ending.stderr).toMatch(symptom)
  })

  test('a missing package in the form that goes on without it is not noticed', async () => {
    const ending = await onlyOurs({ args: [once], options: softly('/opt/missing/register.mjs') })
    expect(ending).toMatchObject({ code: 0, stdout: '', stderr: '' })
  })
})

describe.concurrent('containers: confined', { timeout: 60_000 }, () => {
  const beside = (): string => `--import ${join(opt, PACKAGE)}/register.mjs`

  test.skipIf(!isRoot)('another user, with a home that is not there', () =>
    expectShape({
      command: asStranger[0]!,
      args: [...asStranger.slice(1), NODE, once],
      cwd: '/',
      options: beside(),
      env: { HOME: '/nonexistent' },
      events,
    }),
  )

  test.skipIf(!hasNamespaces)('a read-only root', () =>
    expectShape({
      command: 'unshare',
      args: [
        '-rm',
        'sh',
        '-c',
        'mount --rbind / / && mount -o remount,ro,bind / && exec "$@"',
        '-',
        NODE,
        once,
      ],
      cwd: '/',
      options: beside(),
      events,
    }),
  )

  test.skipIf(!isRoot)('a root with Node and nothing else: no shell, no /tmp, no /proc', () => {
    copyFileSync(NODE, join(image, 'node'))
    for (const library of librariesOf(NODE)) {
      mkdirSync(join(image, dirname(library)), { recursive: true })
      copyFileSync(library, join(image, library))
    }
    return expectShape({
      command: 'chroot',
      args: [image, '/node', '/app/once.cjs'],
      cwd: '/',
      options: `--import /opt/peekapi/${PACKAGE}/register.mjs`,
      events,
    })
  })

  // The kernel keeps from PID 1 the signals that it does not handle, and we leave it at that.
  scenario.skipIf(!hasPidNamespaces)(
    'PID 1 on SIGTERM: what it has is sent, and it lives on, as without us',
    async ({ ingest, serve }) => {
      const app = await serve({ wrapper: PID_1, env: { PEEKAPI_FLUSH_INTERVAL: '1m' } })
      const bare = await App.serve({ file: 'fixtures/http/app.cjs', wrapper: PID_1, preload: 'none' })
      await ask(app.origin, '/before')
      for (const { process: wrapper } of [app, bare]) {
        process.kill(childOf(wrapper.pid!), 'SIGTERM')
      }
      await until(
        () => ingest.events.length === 1,
        () => 'the event of before the signal',
      )
      expect((await ask(app.origin, '/after')).status).toBe((await ask(bare.origin, '/after')).status)
      expect((await app.stats()).captured).toBe(2)
      await bare.stop('SIGKILL')
    },
  )
})

function librariesOf(binary: string): string[] {
  const listed = execFileSync('ldd', [binary], { encoding: 'utf8' })
  return [...listed.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path!)
}
