'use strict'
// Loaded into applications under test, before the preload: tells the test which port a server got, and answers
// for the ledger. The applications themselves stay as a user would write them.
const { subscribe } = require('node:diagnostics_channel')

// The channel of the application's own children leads to the application.
if (process.env.PROBE !== undefined) {
  delete process.env.PROBE
  const send = (message) => process.connected && process.send(message, () => {})
  const listens = (server) => send({ listening: server.address() })
  subscribe('tracing:net.server.listen:asyncEnd', ({ server }) => listens(server))
  const [major, minor] = process.versions.node.split('.').map(Number)
  // Before 20.16 Node has no such channel, and Bun has none.
  if (process.versions.bun || (major === 20 && minor < 16)) {
    const { Server } = process.versions.bun ? require('node:http') : require('node:net')
    const { listen } = Server.prototype
    Server.prototype.listen = function () {
      this.once('listening', () => listens(this))
      return Reflect.apply(listen, this, arguments)
    }
  }
  process.on('message', (question) => {
    if (question !== 'stats') return
    send({ stats: globalThis[Symbol.for('peekapi.auto')]?.stats() ?? null })
  })
  process.channel.unref()
}
