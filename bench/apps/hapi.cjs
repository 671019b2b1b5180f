'use strict'
const { addRoutes, answerFor, fixture, tell } = require('./routes.cjs')
const hapi = fixture('hapi/21')('@hapi/hapi')

const server = hapi.server({ port: 0, host: '127.0.0.1' })
addRoutes((method, path) =>
  server.route({ method, path: path.replace(':id', '{id}'), handler: ({ params }) => answerFor(params.id) }),
)
tell(server.listener)
server.start()
