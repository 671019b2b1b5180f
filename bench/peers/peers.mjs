import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const directory = (peer) => fileURLToPath(new URL(`${peer}/package.json`, import.meta.url))
const from = (peer, specifier) => createRequire(directory(peer)).resolve(specifier)
const file = (name) => fileURLToPath(new URL(name, import.meta.url))

const telemetry = (url, more = {}) => ({
  execArgv: [
    '--import',
    from('opentelemetry', '@opentelemetry/auto-instrumentations-node/register').replace(/cjs$/, 'mjs'),
  ],
  env: {
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_NODE_RESOURCE_DETECTORS: 'env,host,os,process,serviceinstance',
    OTEL_SERVICE_NAME: 'bench',
    ...more,
  },
})

/** Frameworks that its package instruments. The others are seen by `http` alone. */
const INSTRUMENTED = {
  connect: 'connect',
  express: 'express',
  feathers: 'express',
  hapi: 'hapi',
  koa: 'koa',
  restify: 'restify',
}
const CLOUDS = ['AWS', 'AZURE', 'AZUREFUNCTION', 'GCP', 'PCF', 'DOCKER', 'KUBERNETES']

/**
 * How each peer is started, as its documentation says, under its defaults but for three things: exports go to the
 * sink, nothing asks the network where it runs, and what is no request (telemetry about itself) is off. `loader` is
 * what the documentation names beside it for ES modules; `apps` those that call it, where it is a call.
 * `start` is given the sink and the application.
 */
export const peers = {
  opentelemetry: {
    loader: () => from('opentelemetry', '@opentelemetry/instrumentation/hook.mjs'),
    start: ({ url }) => telemetry(url),
  },
  // Only HTTP and the framework.
  'opentelemetry-http': {
    start: ({ url }, app) =>
      telemetry(url, {
        OTEL_NODE_ENABLED_INSTRUMENTATIONS: ['http', INSTRUMENTED[app]].filter(Boolean).join(','),
      }),
  },
  datadog: {
    start: ({ url }) => ({
      execArgv: ['--import', from('datadog', 'dd-trace/initialize.mjs')],
      env: {
        DD_TRACE_AGENT_URL: url,
        DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
        DD_REMOTE_CONFIGURATION_ENABLED: 'false',
        DD_TRACE_STARTUP_LOGS: 'false',
        DD_SERVICE: 'bench',
      },
    }),
  },
  elastic: {
    loader: () => from('elastic', 'elastic-apm-node/loader.mjs'),
    start: ({ url }) => ({
      execArgv: ['--require', from('elastic', 'elastic-apm-node/start.js')],
      env: {
        ELASTIC_APM_SERVER_URL: url,
        ELASTIC_APM_CLOUD_PROVIDER: 'none',
        ELASTIC_APM_CENTRAL_CONFIG: 'false',
        ELASTIC_APM_SERVICE_NAME: 'bench',
        ELASTIC_APM_LOG_LEVEL: 'off',
      },
    }),
  },
  sentry: {
    start: ({ url }) => ({
      execArgv: ['--import', file('sentry/start.mjs')],
      env: { SENTRY_DSN: `${url.replace('://', '://public@')}/1` },
    }),
  },
  newrelic: {
    // It speaks to its backend over TLS only.
    start: async ({ secure }) => {
      const { port, authority } = await secure()
      return {
        execArgv: ['--require', from('newrelic', 'newrelic')],
        env: {
          NEW_RELIC_HOST: 'localhost',
          NEW_RELIC_PORT: String(port),
          NODE_EXTRA_CA_CERTS: authority,
          NEW_RELIC_APP_NAME: 'bench',
          NEW_RELIC_LICENSE_KEY: '0'.repeat(40),
          NEW_RELIC_NO_CONFIG_FILE: 'true',
          NEW_RELIC_LOG_ENABLED: 'false',
          ...Object.fromEntries(CLOUDS.map((cloud) => [`NEW_RELIC_UTILIZATION_DETECT_${cloud}`, 'false'])),
        },
      }
    },
  },
  apitally: {
    apps: ['express', 'fastify', 'koa', 'hono'],
    start: ({ url }) => ({
      execArgv: [],
      env: { BENCH_SDK: file('apitally/sdk.cjs'), APITALLY_HUB_BASE_URL: url },
    }),
  },
  moesif: {
    apps: ['express'],
    start: ({ url }) => ({
      execArgv: [],
      env: { BENCH_SDK: file('moesif/sdk.cjs'), MOESIF_BASE_URI: url },
    }),
  },
}
