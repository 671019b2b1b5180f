import type { ObservedModule, Registration } from './framework.ts'

/** THE registry. A framework is one line here and one file beside it; README and tests follow this list. */
export const registry: readonly Registration[] = [
  {
    name: 'express',
    supported: '4.16 – 4, 5',
    observed: "Express's router, patched as it loads",
    modules: [
      { path: 'express/lib/router/index.js', versions: '>=4.16 <5' },
      { path: 'router/index.js', versions: '>=2 <3' },
    ],
    load: () => (require('./express.ts') as typeof import('./express.ts')).express,
  },
  {
    name: 'fastify',
    supported: '3.29 – 5',
    observed: 'its diagnostics channel `fastify.initialization`; the operations of Mercurius 9 – 16, patched',
    modules: [{ path: 'mercurius/lib/hooks.js', versions: '>=9 <17' }],
    channels: [
      {
        channel: 'fastify.initialization',
        package: 'fastify',
        versions: '>=3.29 <6',
        versionOf: (message) => (message as { fastify: { version: unknown } }).fastify.version,
      },
    ],
    load: () => (require('./fastify.ts') as typeof import('./fastify.ts')).fastify,
  },
  {
    name: 'find-my-way',
    supported: '7 – 9',
    observed: 'its router, patched as it loads',
    modules: [{ path: 'find-my-way/index.js', versions: '>=7 <10' }],
    load: () => (require('./find-my-way.ts') as typeof import('./find-my-way.ts')).findMyWay,
  },
  {
    name: 'hapi',
    supported: '20.1.5 – 21',
    observed: "hapi's request, patched as it loads",
    modules: [{ path: '@hapi/hapi/lib/request.js', versions: '>=20.1.5 <22' }],
    load: () => (require('./hapi.ts') as typeof import('./hapi.ts')).hapi,
  },
  {
    name: 'hono',
    supported: '3.12 – 4',
    observed: "Hono's routers, patched as they load",
    modules: [
      'context.js',
      ...['linear', 'pattern', 'reg-exp', 'smart', 'trie'].map((kind) => `router/${kind}-router/router.js`),
    ].flatMap((file): ObservedModule[] => [
      { path: `hono/dist/${file}`, format: 'module', versions: '>=3.12 <5' },
      { path: `hono/dist/cjs/${file}`, versions: '>=3.12 <5' },
    ]),
    load: () => (require('./hono.ts') as typeof import('./hono.ts')).hono,
  },
  {
    name: 'adonis',
    supported: '6, 7',
    observed: 'the context of each request, from the server that makes it',
    modules: [{ path: '@adonisjs/http-server/build/index.js', format: 'module', versions: '>=7 <10' }],
    load: () => (require('./adonis.ts') as typeof import('./adonis.ts')).adonis,
  },
  {
    // Before what may be inside of it.
    name: 'nestjs',
    supported: '10 – 12 on Express and Fastify',
    observed: 'what it leaves in its host, which tells the route',
    modules: [],
    recognizes: true,
    load: () => (require('./nestjs.ts') as typeof import('./nestjs.ts')).nestjs,
  },
  {
    name: 'next',
    supported: '15, 16: app and pages routers; `next start`, standalone output, servers of your own',
    observed: 'the route that it keeps on the request',
    modules: [],
    recognizes: true,
    load: () => (require('./next.ts') as typeof import('./next.ts')).next,
  },
  {
    name: 'trpc',
    supported: '11',
    observed: 'the header that all its answers carry, in every host',
    modules: [],
    recognizes: true,
    load: () => (require('./trpc.ts') as typeof import('./trpc.ts')).trpc,
  },
  {
    name: 'koa',
    supported:
      '2, 3 with koa-router 7 – 14, @koa/router 8 – 15, koa-route 3.2 – 4, koa-mount, koa-tree-router',
    observed: 'what its routers leave on the context',
    modules: [
      { path: 'koa/lib/context.js', versions: '>=2 <4' },
      { path: 'koa-router/lib/layer.js', versions: '>=7 <15' },
      { path: '@koa/router/lib/layer.js', versions: '>=8 <15' },
      { path: 'koa-tree-router/tree.js', versions: '>=0.10 <1' },
    ],
    load: () => (require('./koa.ts') as typeof import('./koa.ts')).koa,
  },
  {
    name: 'graphql',
    supported: 'Apollo Server 4 – 5 and GraphQL Yoga 3 – 5 on graphql 16: the operation, whatever the host',
    observed: 'the question for the operation of a document, in graphql',
    modules: [{ path: 'graphql/utilities/getOperationAST.js', versions: '>=16 <17' }],
    load: () => (require('./graphql.ts') as typeof import('./graphql.ts')).graphql,
  },
  {
    name: 'loopback',
    supported: '4 (@loopback/rest 8 – 15)',
    observed: 'its handler of requests, patched as it loads; routers of Express inside as Express',
    modules: [{ path: '@loopback/rest/dist/http-handler.js', versions: '>=8 <16' }],
    load: () => (require('./loopback.ts') as typeof import('./loopback.ts')).loopback,
  },
  {
    name: 'restify',
    supported: '11, 12',
    observed: 'the route that it keeps on the request',
    modules: [{ path: 'restify/lib/server.js', versions: '>=11 <13' }],
    load: () => (require('./restify.ts') as typeof import('./restify.ts')).restify,
  },
  {
    name: 'polka',
    supported: '0.5, 1.0-next',
    observed: 'its applications, patched as it loads',
    modules: [
      { path: 'polka/index.js', versions: '>=0.5 <1' },
      { path: 'polka/build.js', versions: '>=1 <2' },
      { path: 'polka/build.mjs', format: 'module', versions: '>=1 <2' },
    ],
    load: () => (require('./polka.ts') as typeof import('./polka.ts')).polka,
  },
  {
    name: 'feathers',
    supported: '5 on Express and Koa',
    observed: 'the service that it leaves on the request',
    modules: [],
    recognizes: true,
    load: () => (require('./feathers.ts') as typeof import('./feathers.ts')).feathers,
  },
  {
    name: 'connect',
    supported: '3',
    observed: 'its application, which listens; it has no routes, but mounts for what is inside of it',
    modules: [],
    recognizes: true,
    load: () => (require('./connect.ts') as typeof import('./connect.ts')).connect,
  },
  {
    name: 'grpc',
    supported: 'gRPC, gRPC-Web and Connect, by whatever library',
    observed: 'the protocol: headers, trailers and the procedure in the URL',
    modules: [],
    recognizes: true,
    load: () => (require('./grpc.ts') as typeof import('./grpc.ts')).grpc,
  },
]
