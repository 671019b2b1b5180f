'use strict'
module.exports = require('./dist/preload.cjs').activate()
