'use strict'
// Prints at the end which of Node's own HTTP modules were loaded by then.
process.on('SIGTERM', () => process.exit())
process.on('exit', () => {
  const modules = process.moduleLoadList.map((entry) => entry.replace(/^\w+ /, ''))
  process.stdout.write(
    `loaded: ${modules.filter((name) => /^(?:http|https|http2|internal\/http2\/.*)$/.test(name)).join(' ')} `,
  )
})
