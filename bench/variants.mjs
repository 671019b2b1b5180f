import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { peers } from './peers/peers.mjs'

const file = (name) => fileURLToPath(new URL(name, import.meta.url))

const spools = mkdtempSync(join(tmpdir(), 'peekapi-bench-'))
process.once('exit', () => rmSync(spools, { recursive: true, force: true }))
let spool = 0

/** Where a process of ours can have its spool: nobody else's. */
export const newSpool = () => join(spools, String(spool++))

/** Under the defaults, but for what keeps the run on this machine. */
export const ours = (url, env = {}) => ({
  execArgv: ['--import', file('../register.mjs')],
  env: {
    PEEKAPI_API_KEY: 'bench',
    PEEKAPI_ENDPOINT: `${url}/v1/events`,
    PEEKAPI_STORAGE_PATH: newSpool(),
    ...env,
  },
})

/** An application bare is measured twice: what lies between the two is noise. */
export const BARE = ['bare', 'bare again']

/** Everything an application can be measured under. Each is given where to export to, and the application. */
export const variants = {
  bare: () => ({ execArgv: [], env: {} }),
  'bare again': () => ({ execArgv: [], env: {} }),
  floor: () => ({ execArgv: ['--require', file('floor.cjs')], env: {} }),
  ours: ({ url }) => ours(url),
  'ours without journal': ({ url }) => ours(url, { PEEKAPI_DURABILITY: 'memory' }),
  naive: ({ url }) => ({ execArgv: ['--require', file('naive.cjs')], env: { NAIVE_ENDPOINT: url } }),
  ...Object.fromEntries(Object.entries(peers).map(([name, { start }]) => [name, start])),
}

/** Whether an application can be measured under a variant. */
export const fits = (app, variant) => peers[variant]?.apps?.includes(app) ?? true

export const OWN = ['bare', 'bare again', 'floor', 'ours', 'ours without journal', 'naive']

/** Those that are asked for, the bare ones first; `all` is every one. */
export function variantsNamed(names) {
  const wanted = names === 'all' ? Object.keys(variants) : names.split(',')
  const unknown = wanted.find((name) => variants[name] === undefined)
  if (unknown !== undefined)
    throw new Error(`no variant "${unknown}"; there are ${Object.keys(variants).join(', ')}`)
  return [...new Set([...BARE, ...wanted])]
}
