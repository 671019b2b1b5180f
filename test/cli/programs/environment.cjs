'use strict'
// Tells what it was started with.
const names = Object.keys(process.env).filter((name) => /^(PEEKAPI_|NODE_OPTIONS$)/.test(name))
console.log(JSON.stringify(Object.fromEntries(names.map((name) => [name, process.env[name]]))))
