import { createRequire } from 'node:module'
import { beside, installed, WHOLE } from './beside.ts'

interface Span {
  readonly name: string
  readonly resource: string
  readonly type?: string
  readonly meta: Readonly<Record<string, string>>
}

const { decode } = createRequire(installed('datadog', 'dd-trace/package.json'))('@msgpack/msgpack') as {
  decode: (bytes: Uint8Array, options: { useBigInt64: boolean }) => unknown
}

beside('datadog', {
  preload: (esModule) =>
    esModule
      ? ['--import', installed('datadog', 'dd-trace/initialize.mjs')]
      : ['--require', installed('datadog', 'dd-trace/init.js')],
  env: (port) => ({
    DD_TRACE_AGENT_URL: `http://127.0.0.1:${port}`,
    DD_TRACE_FLUSH_INTERVAL: '100',
    DD_TRACE_RATE_LIMIT: '-1',
    DD_TRACE_STARTUP_LOGS: 'false',
    DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
    DD_REMOTE_CONFIGURATION_ENABLED: 'false',
  }),
  receive: ({ path, body }, tell) => {
    if (!path.endsWith('/traces')) return
    for (const span of (decode(body, { useBigInt64: true }) as Span[][]).flat()) tell(lineOf(span))
    return { rate_by_service: {} }
  },
  // It traces every connection, and there is no way out of that.
  ignores: /^tcp\.connect/,
  // It takes what is injected for a request of its own.
  requests: (ask) => (ask.startsWith('GET /injected/') ? 2 : 1),
})

/** It puts the origin before whatever was asked for: what follows may be no URL, or an absolute one. */
const ORIGIN = /^http:\/\/127\.0\.0\.1:\d+/

function lineOf({ name, resource, type, meta }: Span): string {
  if (type !== 'web') return `${name} ${resource}`
  return `${WHOLE} ${resource} ${meta['http.url']!.replace(ORIGIN, '')} ${meta['http.status_code']!}`
}
