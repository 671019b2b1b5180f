'use strict'
// Loaded into applications under test, before the preload: tells the test which port a server got, and answers
// for the ledger. The applications themselves stay as a user would write them.
const { subscribe } = require('node:diagnostics_channel')

// The channel of the application's own children leads to the application.
if (process.env.PROBE !== undefined) {
  delete process.env.PROBE
  const send = (message) => process.connected && process.send(message, () => {})
  subscribe('tracing:net.server.listen:asyncEnd', ({ server }) => send({ listening: server.address() }))
  process.on('message', (question) => {
    if (question !== 'stats') return
    send({ stats: globalThis[Symbol.for('peekapi.auto')]?.stats() ?? null })
  })
  process.channel.unref()
}
