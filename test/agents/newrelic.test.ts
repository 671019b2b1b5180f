import { afterAll } from 'vitest'
import { Authority } from '../support/certificates.ts'
import { beside, installed, WHOLE } from './beside.ts'

type Attributes = Readonly<Record<string, unknown>>
/** Intrinsic, custom and agent's own. */
type TransactionEvent = readonly [Attributes, Attributes, Attributes]

// It speaks to its backend over TLS only.
const authority = new Authority()
afterAll(() => authority.remove())

const CLOUDS = ['AWS', 'AZURE', 'AZUREFUNCTION', 'GCP', 'PCF', 'DOCKER', 'KUBERNETES']
const HARVEST_MS = 1000
const LIMITS = { analytic_event_data: 10_000, custom_event_data: 0, error_event_data: 0, span_event_data: 0 }

/** To the questions that want one. */
const answers: Readonly<Record<string, unknown>> = {
  connect: {
    agent_run_id: '1',
    collect_analytics_events: true,
    event_harvest_config: { report_period_ms: HARVEST_MS, harvest_limits: LIMITS },
  },
}

beside('newrelic', {
  preload: (esModule) =>
    esModule
      ? [
          '--import',
          installed('newrelic', 'newrelic/esm-loader.mjs'),
          '--require',
          installed('newrelic', 'newrelic'),
        ]
      : ['--require', installed('newrelic', 'newrelic')],
  identity: authority.sign('DNS:localhost'),
  env: (port) => ({
    NEW_RELIC_HOST: 'localhost',
    NEW_RELIC_PORT: String(port),
    NODE_EXTRA_CA_CERTS: authority.file,
    NEW_RELIC_APP_NAME: 'fixture',
    NEW_RELIC_LICENSE_KEY: '0'.repeat(40),
    NEW_RELIC_NO_CONFIG_FILE: 'true',
    NEW_RELIC_LOG_ENABLED: 'false',
    ...Object.fromEntries(CLOUDS.map((cloud) => [`NEW_RELIC_UTILIZATION_DETECT_${cloud}`, 'false'])),
  }),
  receive: ({ path, port, body }, tell) => {
    const method = new URL(path, 'https://localhost').searchParams.get('method') ?? ''
    if (method === 'analytic_event_data') {
      const [, , events] = JSON.parse(body.toString()) as [string, unknown, TransactionEvent[]]
      for (const event of events) tell(lineOf(event))
    }
    if (method === 'preconnect') return { return_value: { redirect_host: `localhost:${port}` } }
    return { return_value: answers[method] ?? [] }
  },
})

function lineOf([{ name }, , attributes]: TransactionEvent): string {
  return `${WHOLE} ${String(name)} ${String(attributes['request.uri'])} ${String(attributes['http.statusCode'])}`
}
