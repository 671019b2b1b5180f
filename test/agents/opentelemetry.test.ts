import { beside, installed, WHOLE } from './beside.ts'

interface Traces {
  readonly resourceSpans: ReadonlyArray<{
    readonly scopeSpans: ReadonlyArray<{ readonly spans: readonly Span[] }>
  }>
}

interface Span {
  readonly name: string
  readonly kind: number
  readonly attributes: ReadonlyArray<{
    readonly key: string
    readonly value: Readonly<Record<string, unknown>>
  }>
}

const SERVER = 2

beside('opentelemetry', {
  preload: (esModule) => {
    const register = installed('opentelemetry', '@opentelemetry/auto-instrumentations-node/dist/register.cjs')
    if (!esModule) return ['--require', register]
    const loader = installed('opentelemetry', '@opentelemetry/instrumentation/hook.mjs')
    return ['--experimental-loader', loader, '--import', register]
  },
  env: (port) => ({
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_BSP_SCHEDULE_DELAY: '100',
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_LOGS_EXPORTER: 'none',
    OTEL_NODE_RESOURCE_DETECTORS: 'none',
  }),
  receive: ({ body }, tell) => {
    const { resourceSpans } = JSON.parse(body.toString()) as Traces
    for (const { spans } of resourceSpans.flatMap(({ scopeSpans }) => scopeSpans)) {
      for (const span of spans) tell(lineOf(span))
    }
  },
})

function lineOf({ name, kind, attributes }: Span): string {
  if (kind !== SERVER) return name
  const said = Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
  const url =
    said['http.target'] ??
    `${String(said['url.path'])}${said['url.query'] === undefined ? '' : `?${String(said['url.query'])}`}`
  return `${WHOLE} ${name} ${String(url)} ${String(said['http.status_code'] ?? said['http.response.status_code'])}`
}
