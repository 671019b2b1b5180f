'use strict'
try {
  module.exports = require('./dist/preload.cjs').activate()
} catch (fault) {
  // A process that may not read our files (`--permission`) runs without us.
  process.stderr.write(`[peekapi] could not start and stays inert: ${fault?.message}\n`)
}
