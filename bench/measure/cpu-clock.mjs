import { readdirSync, readFileSync } from 'node:fs'

/**
 * Nanoseconds that all threads of some processes have spent on a CPU (Linux). Finer than `process.cpuUsage()`, costs
 * the processes nothing, and time in which others had the CPU is not in it.
 */
export function cpuNanoseconds(pids) {
  return pids.map(ofProcess).reduce((sum, nanoseconds) => sum + nanoseconds, 0)
}

function ofProcess(pid) {
  let nanoseconds = 0
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ', 1)[0])
    } catch {
      // It ended since.
    }
  }
  return nanoseconds
}
