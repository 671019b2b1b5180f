import { root } from '../support/app.ts'
import { beside, WHOLE } from './beside.ts'

/** One of Sentry's own format; it has others for transactions and errors. */
interface Span {
  readonly name: string
  readonly is_segment: boolean
  readonly attributes: Readonly<Record<string, { readonly value: unknown } | undefined>>
}

beside('sentry', {
  // It does not take `--require` any more.
  preload: () => ['--import', `${root}fixtures/agents/sentry/instrument.mjs`],
  env: (port) => ({ SENTRY_DSN: `http://key@127.0.0.1:${port}/1` }),
  receive: ({ body }, tell) => {
    for (const line of body.toString().split('\n')) {
      if (line === '') continue
      const { items = [] } = JSON.parse(line) as { items?: Span[] }
      for (const span of items) tell(lineOf(span))
    }
  },
  // It takes our hook for the application's where its own come first.
  ignores: /^middleware fastify - onRequest$/,
  completedOnly: true,
  requests: (ask, subject) => (subject === 'express' && /^(?:HEAD|OPTIONS) /.test(ask) ? 0 : 1),
})

function lineOf({ name, is_segment, attributes }: Span): string {
  const said = (key: string): string => String(attributes[key]?.value)
  if (!is_segment) return `${said('sentry.op')} ${name}`
  return `${WHOLE} ${name} ${new URL(said('url.full')).pathname} ${said('http.response.status_code')}`
}
