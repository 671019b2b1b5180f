'use strict'
// Loaded into an application: a wall clock that jumps when the test says so, as NTP and virtual machines make it.
const { now } = Date
let offset = 0
const RealDate = Date

globalThis.Date = class extends RealDate {
  constructor(...parts) {
    super(...(parts.length === 0 ? [now() + offset] : parts))
  }
  static now() {
    return now() + offset
  }
}

process.on('message', (message) => {
  if (typeof message.shiftMs === 'number') offset += message.shiftMs
})
process.channel.unref()
