'use strict'
try {
  module.exports = require('./dist/preload.cjs').activate()
} catch (fault) {
  // A process that may not read our files (`--permission`) runs without us; what it imports of ours does nothing.
  process.stderr.write(`[peekapi] could not start and stays inert: ${fault?.message}\n`)
  module.exports = inertSurface()
}

/** That of src/surface.ts, for a process that cannot load it. */
function inertSurface() {
  const zeros = (names) => Object.fromEntries(names.split(' ').map((name) => [name, 0]))
  const dropped = 'buffer_full too_large rejected spool_full spool_unavailable corrupt expired'
  const counts = 'captured delivered buffered inFlight spooled retried ignored malformed'
  const client = {
    track: () => {},
    flush: async () => {},
    shutdown: async () => {},
    stats: () => ({ ...zeros(counts), dropped: zeros(dropped) }),
  }
  return {
    ...client,
    setConsumer: () => {},
    PeekApiClient: function PeekApiClient() {
      return client
    },
  }
}
