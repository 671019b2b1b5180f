'use strict'
// The same bundle as the preload's: one copy of the client's code, whichever door it comes through.
exports.PeekApiClient = require('./preload.cjs').PeekApiClient
