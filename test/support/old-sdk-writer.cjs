'use strict'
// Another PeekAPI SDK beside us: appends batches, one JSON array per line, to the file at the base path until it
// has written as many as asked for, and looks whether the file was taken away under it.
const { closeSync, constants, fstatSync, openSync, writeSync } = require('node:fs')

const [path, count] = process.argv.slice(2)
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT

function append(line) {
  const descriptor = openSync(path, FLAGS, 0o600)
  writeSync(descriptor, line)
  const { nlink } = fstatSync(descriptor)
  closeSync(descriptor)
  // Gone after the last look of whoever took it, perhaps: once more, in a new file.
  if (nlink === 0) append(line)
}

let written = 0
const timer = setInterval(() => {
  for (let n = 0; n < 10 && written < Number(count); n++, written++) {
    const event = { method: 'GET', path: '/old', status_code: 200, consumer_id: `old-${written}` }
    append(`${JSON.stringify([event])}\n`)
  }
  if (written >= Number(count)) clearInterval(timer)
}, 5)
