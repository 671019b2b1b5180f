import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { peers } from './peers/peers.mjs'

const file = (name) => fileURLToPath(new URL(name, import.meta.url))

const spools = mkdtempSync(join(tmpdir(), 'peekapi-bench-'))
process.once('exit', () => rmSync(spools, { recursive: true, force: true }))
let spool = 0

/** Under the defaults, but for what keeps the run on this machine. */
const ours = (sink, env = {}) => ({
  execArgv: ['--import', file('../register.mjs')],
  env: {
    PEEKAPI_API_KEY: 'bench',
    PEEKAPI_ENDPOINT: `${sink}/v1/events`,
    PEEKAPI_STORAGE_PATH: join(spools, String(spool++)),
    ...env,
  },
})

/** An application bare is measured twice: what lies between the two is noise. */
export const BARE = ['bare', 'bare again']

/** Everything an application can be measured under. Each is given where to export to. */
export const variants = {
  bare: () => ({ execArgv: [], env: {} }),
  'bare again': () => ({ execArgv: [], env: {} }),
  floor: () => ({ execArgv: ['--require', file('floor.cjs')], env: {} }),
  ours: (sink) => ours(sink),
  'ours without journal': (sink) => ours(sink, { PEEKAPI_DURABILITY: 'memory' }),
  naive: (sink) => ({ execArgv: ['--require', file('naive.cjs')], env: { NAIVE_ENDPOINT: sink } }),
  ...Object.fromEntries(Object.entries(peers).map(([name, { start }]) => [name, start])),
}

/** Whether an application can be measured under a variant. */
export const fits = (app, variant) => peers[variant]?.apps?.includes(app) ?? true

export const OWN = ['bare', 'bare again', 'floor', 'ours', 'ours without journal', 'naive']
