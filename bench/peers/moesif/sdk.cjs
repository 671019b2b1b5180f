'use strict'
const moesif = require('moesif-nodejs')

/** It refuses shorter ones. */
const APPLICATION_ID = 'x'.repeat(64)

exports.express = (app) =>
  app.use(moesif({ applicationId: APPLICATION_ID, baseUri: process.env.MOESIF_BASE_URI }))
