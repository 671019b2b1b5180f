import type { EndpointFigures, Figures, Summary } from '../collector/store.ts'
import { plain, type Paint, type Style } from './style.ts'
import { cutEnd, cutMiddle, integer, milliseconds, printable, share } from './text.ts'

/** Fits terminals, mails and code reviews. */
const MAX_WIDTH = 100
/** Narrower than this the figures leave no room for a path. */
const MIN_WIDTH = 76
const MAX_METHOD_WIDTH = 7
const GAP = '  '
const HEADINGS = ['calls', '4xx', '5xx', 'p50', 'p95', 'p99', 'consumers'] as const
const STYLES: ReadonlyArray<Style | undefined> = [undefined, 'yellow', 'red']

interface Row {
  readonly method: string
  readonly path: string
  /** In the order of HEADINGS. */
  readonly cells: readonly string[]
}

/**
 * The summary as a table of at most 100 columns, with a line for what is unusual. Every line ends in a line feed.
 *
 * @param columns Of the terminal.
 */
export function table(summary: Summary, paint: Paint = plain, columns: number = MAX_WIDTH): string {
  if (summary.total.calls === 0) return 'No request was captured.\n'
  const rows = summary.endpoints.map((endpoint): Row => ({
    method: cutEnd(printable(endpoint.method), MAX_METHOD_WIDTH),
    path: printable(endpoint.path),
    cells: cellsOf(endpoint),
  }))
  const total: Row = { method: '', path: '', cells: cellsOf(summary.total) }
  const layout = layoutOf([...rows, total], Math.max(MIN_WIDTH, Math.min(columns, MAX_WIDTH)))
  const ruler = paint(
    'dim',
    '─'.repeat(layout.endpoint + layout.cells.reduce((sum, width) => sum + GAP.length + width, 0)),
  )
  const lines = [
    paint('bold', line('endpoint', HEADINGS, layout, plain)),
    ruler,
    ...rows.map((row) => line(endpointText(row, layout), row.cells, layout, paint)),
    ruler,
    paint('bold', line('total', total.cells, layout, plain)),
    ...notes(summary).map((note) => paint('dim', note)),
  ]
  return lines.map((text) => `${text}\n`).join('')
}

/** Widths in characters. */
interface Layout {
  readonly method: number
  /** Method and path together. */
  readonly endpoint: number
  readonly cells: readonly number[]
}

function layoutOf(rows: readonly Row[], width: number): Layout {
  const cells = HEADINGS.map((heading, index) =>
    Math.max(heading.length, ...rows.map((row) => row.cells[index]!.length)),
  )
  const method = Math.max(...rows.map((row) => row.method.length))
  const longest = method + 1 + Math.max(...rows.map((row) => row.path.length))
  const room = width - cells.reduce((sum, cell) => sum + GAP.length + cell, 0)
  return { method, endpoint: Math.max('endpoint'.length, Math.min(longest, room)), cells }
}

function endpointText({ method, path }: Row, layout: Layout): string {
  return `${method.padEnd(layout.method)} ${cutMiddle(path, layout.endpoint - layout.method - 1)}`
}

function line(endpoint: string, cells: readonly string[], layout: Layout, paint: Paint): string {
  const padded = cells.map((cell, index) => {
    const text = cell.padStart(layout.cells[index]!)
    const style = STYLES[index]
    return style === undefined || cell === '' ? text : paint(style, text)
  })
  return [endpoint.padEnd(layout.endpoint), ...padded].join(GAP).trimEnd()
}

function cellsOf({ calls, clientErrors, serverErrors, durations, consumers }: Figures): string[] {
  const sampled = durations.exact ? '' : '~'
  return [
    integer(calls),
    share(clientErrors, calls),
    share(serverErrors, calls),
    ...[durations.p50, durations.p95, durations.p99].map((ms) => sampled + milliseconds(ms)),
    consumers.distinct === 0 ? '' : integer(consumers.distinct) + (consumers.exact ? '' : '+'),
  ]
}

/** What the columns do not tell. */
function notes({ total, endpoints }: Summary): string[] {
  const unusual = [
    count(total.aborted, 'aborted by the client'),
    count(total.broken, 'broken off by the server'),
    count(total.unmatched, 'without a route'),
  ].filter((text) => text !== '')
  const found = unusual.length === 0 ? [] : [unusual.join(' · ')]
  if (endpoints.some(isSampled) || !total.durations.exact)
    found.push('~ from a sample: more calls than are kept')
  return found
}

function count(calls: number, what: string): string {
  return calls === 0 ? '' : `${integer(calls)} ${what}`
}

function isSampled({ durations }: EndpointFigures): boolean {
  return !durations.exact
}
