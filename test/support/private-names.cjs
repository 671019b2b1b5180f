'use strict'
// Loaded into an application: a network whose name server gives every `.test` name a private address.
const dns = require('node:dns')

const { lookup } = dns
dns.lookup = (hostname, options, callback) =>
  hostname.endsWith('.test')
    ? process.nextTick(callback, null, [{ address: '10.0.0.1', family: 4 }])
    : lookup(hostname, options, callback)
