'use strict'
// Loaded first into whatever is started: as its last act the process reports on itself. getrusage covers its whole
// life, node's own start included.
const { writeFileSync } = require('node:fs')

// Threads run it as well; `chdir` is what they cannot do.
if (process.chdir.disabled !== true) {
  const file = process.env.STARTUP_REPORT
  const report = () => {
    const { user, system } = process.cpuUsage()
    const rss = process.resourceUsage().maxRSS / 1024
    writeFileSync(file, JSON.stringify({ cpu: (user + system) / 1000, rss }))
  }
  process.once('exit', report)
  // TypeScript 7 becomes its compiler: what counts is Node's part.
  const { execve } = process
  if (execve !== undefined) process.execve = (...args) => (report(), execve.apply(process, args))
}
