import { beside, installed, WHOLE } from './beside.ts'

interface Transaction {
  readonly name: string
  readonly context: {
    readonly request: { readonly url: { readonly raw: string } }
    readonly response: { readonly status_code: number }
  }
}

interface Line {
  readonly transaction?: Transaction
  readonly span?: { readonly name: string }
  readonly error?: { readonly exception?: { readonly message: string } }
}

beside('elastic', {
  // Its loader for ES modules ends Node 24 at the start, without us as well.
  preload: () => ['--require', installed('elastic', 'elastic-apm-node/start.js')],
  env: (port) => ({
    ELASTIC_APM_SERVER_URL: `http://127.0.0.1:${port}`,
    ELASTIC_APM_SERVICE_NAME: 'fixture',
    ELASTIC_APM_API_REQUEST_TIME: '1s',
    ELASTIC_APM_CLOUD_PROVIDER: 'none',
    ELASTIC_APM_METRICS_INTERVAL: '0s',
    ELASTIC_APM_CENTRAL_CONFIG: 'false',
    ELASTIC_APM_LOG_LEVEL: 'off',
  }),
  receive: ({ path, body }, tell) => {
    if (!path.startsWith('/intake/')) return { version: '8.10.0' }
    for (const line of body.toString().split('\n')) if (line !== '') told(JSON.parse(line) as Line, tell)
    return
  },
  completedOnly: true,
})

function told({ transaction, span, error }: Line, tell: (line: string) => void): void {
  if (span !== undefined) tell(span.name)
  if (error !== undefined) tell(`error ${error.exception?.message ?? ''}`)
  if (transaction === undefined) return
  const { name, context } = transaction
  tell(`${WHOLE} ${name} ${context.request.url.raw} ${context.response.status_code}`)
}
