'use strict'
const http = require('node:http')
const { answerPlainly, tell } = require('./routes.cjs')

tell(http.createServer(answerPlainly).listen(0, '127.0.0.1'))
