import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const directory = (peer) => fileURLToPath(new URL(`${peer}/package.json`, import.meta.url))
const from = (peer, specifier) => createRequire(directory(peer)).resolve(specifier)
const file = (name) => fileURLToPath(new URL(name, import.meta.url))

/**
 * How each peer is started, as its documentation says, under its defaults but for three things: exports go to the
 * sink, nothing asks the network where it runs, and what is no request (telemetry about itself) is off. `loader` is
 * what the documentation names beside it for ES modules; `apps` those that call it, where it is a call.
 */
export const peers = {
  opentelemetry: {
    loader: () => from('opentelemetry', '@opentelemetry/instrumentation/hook.mjs'),
    start: (sink) => ({
      execArgv: [
        '--import',
        from('opentelemetry', '@opentelemetry/auto-instrumentations-node/register').replace(/cjs$/, 'mjs'),
      ],
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: sink,
        OTEL_NODE_RESOURCE_DETECTORS: 'env,host,os,process,serviceinstance',
        OTEL_SERVICE_NAME: 'bench',
      },
    }),
  },
  datadog: {
    start: (sink) => ({
      execArgv: ['--import', from('datadog', 'dd-trace/initialize.mjs')],
      env: {
        DD_TRACE_AGENT_URL: sink,
        DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
        DD_REMOTE_CONFIGURATION_ENABLED: 'false',
        DD_TRACE_STARTUP_LOGS: 'false',
        DD_SERVICE: 'bench',
      },
    }),
  },
  elastic: {
    loader: () => from('elastic', 'elastic-apm-node/loader.mjs'),
    start: (sink) => ({
      execArgv: ['--require', from('elastic', 'elastic-apm-node/start.js')],
      env: {
        ELASTIC_APM_SERVER_URL: sink,
        ELASTIC_APM_CLOUD_PROVIDER: 'none',
        ELASTIC_APM_CENTRAL_CONFIG: 'false',
        ELASTIC_APM_SERVICE_NAME: 'bench',
        ELASTIC_APM_LOG_LEVEL: 'off',
      },
    }),
  },
  sentry: {
    start: (sink) => ({
      execArgv: ['--import', file('sentry/start.mjs')],
      env: { SENTRY_DSN: `${sink.replace('://', '://public@')}/1` },
    }),
  },
  apitally: {
    apps: ['express'],
    start: (sink) => ({
      execArgv: [],
      env: { BENCH_SDK: file('apitally/express.cjs'), APITALLY_HUB_BASE_URL: sink },
    }),
  },
  moesif: {
    apps: ['express'],
    start: (sink) => ({
      execArgv: [],
      env: { BENCH_SDK: file('moesif/express.cjs'), MOESIF_BASE_URI: sink },
    }),
  },
}
