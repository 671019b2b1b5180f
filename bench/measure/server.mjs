import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { identity } from './identity.mjs'

const file = (name) => fileURLToPath(new URL(name, import.meta.url))
export const appFile = (app) => file(`../apps/${app}.cjs`)

const OVER_TLS = new Set(['https', 'http2'])

/** What every process has; nothing else of this one's environment reaches what is measured. */
export function environmentOf(app) {
  const { PATH, HOME } = process.env
  if (!OVER_TLS.has(app)) return { PATH, HOME, NODE_ENV: 'production' }
  const { key, cert } = identity()
  return { PATH, HOME, NODE_ENV: 'production', BENCH_TLS_KEY: key, BENCH_TLS_CERT: cert }
}

/** Starts an application under a variant, and resolves with it once it listens. */
export async function startServer(app, { execArgv, env }) {
  const child = fork(appFile(app), {
    execArgv: ['--require', file('probe.cjs'), ...execArgv],
    env: { ...environmentOf(app), ...env },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let stderr = ''
  child.stderr.on('data', (chunk) => (stderr += chunk))
  const exited = once(child, 'exit').then(() =>
    Promise.reject(new Error(`${app} ended at its start: ${stderr}`)),
  )
  const hello = await Promise.race([messageFrom(child, ({ port }) => port !== undefined), exited])
  exited.catch(() => {})
  return {
    pids: [child.pid],
    ...hello,
    /** One of those in probe.cjs. */
    ask: async (question) => {
      child.send({ question })
      return (await messageFrom(child, (message) => message.question === question)).answer
    },
    stop: () => stopped(child),
  }
}

/** MB of memory that processes have. */
export function residentMegabytes(pids) {
  const kib = pids.map((pid) => /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1])
  return (kib.reduce((sum, value) => sum + Number(value), 0) * 1024) / 1e6
}

/** Starts where exports go to: a process of its own, whose work is nobody's cost. */
export async function startSink() {
  const child = fork(file('sink.mjs'))
  const [{ port }] = await once(child, 'message')
  const ask = async (question, given) => {
    child.send({ question, given })
    return (await messageFrom(child, (message) => message.question === question)).answer
  }
  return {
    url: `http://127.0.0.1:${port}`,
    /** Over TLS too, for those that speak nothing else. */
    async secure() {
      const { key, cert, authority } = identity()
      return { port: await ask('listen over TLS', { key, cert }), authority }
    },
    /** How it is from now on: `up`, `slow` or `refused`. */
    become: (state) => ask('become', state),
    counts: () => ask('counts'),
    stop: () => stopped(child),
  }
}

/** Frameworks have messages of their own. */
async function messageFrom(child, isIt) {
  for (;;) {
    const [message] = await once(child, 'message')
    if (isIt(message)) return message
  }
}

async function stopped(child) {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}
