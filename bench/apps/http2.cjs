'use strict'
const http2 = require('node:http2')
const { answerPlainly, identity, tell } = require('./routes.cjs')

tell(http2.createSecureServer(identity(), answerPlainly).listen(0, '127.0.0.1'), 'http2')
