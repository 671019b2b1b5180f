'use strict'
const https = require('node:https')
const { answerPlainly, identity, tell } = require('./routes.cjs')

tell(https.createServer(identity(), answerPlainly).listen(0, '127.0.0.1'), 'https')
