'use strict'
// Tells of signals, and goes on the second SIGINT.
let interrupts = 0
process.on('SIGINT', () => {
  console.log('SIGINT')
  if (++interrupts === 2) process.exit(6)
})
process.on('SIGUSR2', () => console.log('SIGUSR2'))
setInterval(() => {}, 1000)
console.log('ready')
