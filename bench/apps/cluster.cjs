'use strict'
const cluster = require('node:cluster')
const http = require('node:http')
const { answerPlainly } = require('./routes.cjs')

if (cluster.isPrimary) start(Number(process.env.BENCH_WORKERS))
else http.createServer(answerPlainly).listen(0, '127.0.0.1')

/** Tells where they listen once all do, and who they are: a request's cost is theirs and the primary's. */
function start(count) {
  const workers = Array.from({ length: count }, () => cluster.fork())
  let listening = 0
  cluster.on('listening', (_worker, { port }) => {
    if (++listening === count)
      process.send({
        port,
        protocol: 'http',
        pids: [process.pid, ...workers.map(({ process: { pid } }) => pid)],
      })
  })
  // Nobody is left to end them.
  cluster.on('exit', () => process.exit())
  process.once('disconnect', () => process.exit())
}
