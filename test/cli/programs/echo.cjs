'use strict'
// Gives back what comes in, byte for byte.
process.stdin.pipe(process.stdout)
