'use strict'
const { useApitally } = require('apitally/express')

module.exports = (app) => useApitally(app, { clientId: '00000000-0000-4000-8000-000000000000', env: 'bench' })
