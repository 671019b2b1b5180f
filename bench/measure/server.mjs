import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** What every process has; nothing else of this one's environment reaches what is measured. */
export const environment = { PATH: process.env.PATH, HOME: process.env.HOME, NODE_ENV: 'production' }

/** Starts an application under a variant, and resolves with its process and port. */
export async function startServer(app, { execArgv, env }) {
  const child = fork(appFile(app), {
    execArgv,
    env: { ...environment, ...env },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let stderr = ''
  child.stderr.on('data', (chunk) => (stderr += chunk))
  const exited = once(child, 'exit').then(() =>
    Promise.reject(new Error(`${app} ended at its start: ${stderr}`)),
  )
  const [{ port }] = await Promise.race([once(child, 'message'), exited])
  exited.catch(() => {})
  return { pid: child.pid, port, stop: () => stopped(child) }
}

/** Starts where exports go to: a process of its own, whose work is nobody's cost. */
export async function startSink() {
  const child = fork(fileURLToPath(new URL('sink.mjs', import.meta.url)))
  const [{ port }] = await once(child, 'message')
  const counts = async () => {
    child.send('counts')
    return (await once(child, 'message'))[0]
  }
  return { url: `http://127.0.0.1:${port}`, counts, stop: () => stopped(child) }
}

export const appFile = (app) => fileURLToPath(new URL(`../apps/${app}.cjs`, import.meta.url))

async function stopped(child) {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}
