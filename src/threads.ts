/** `process.chdir` is disabled in workers: a test that does not load `node:worker_threads` (2 MB) in the main thread. */
export function isWorkerThread(): boolean {
  return (process.chdir as { disabled?: boolean }).disabled === true
}

/** Node runs `--require` files also in its thread for loader hooks, where no application code ever runs. */
export function isLoaderThread(): boolean {
  if (!isWorkerThread()) return false
  const threads = require('node:worker_threads') as typeof import('node:worker_threads') & {
    isInternalThread?: boolean
  }
  // isInternalThread: 22.14 and later; before that only the loader thread lacks a parent port.
  return threads.isInternalThread === true || threads.parentPort === null
}
