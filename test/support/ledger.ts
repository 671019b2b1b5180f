import { expect } from 'vitest'
import type { Stats } from '../../src/types/client.ts'

/** The equation that every end-to-end test asserts. */
export function expectClosed(stats: Stats): void {
  const dropped = Object.values(stats.dropped).reduce((sum, events) => sum + events, 0)
  expect(
    stats.delivered + dropped + stats.buffered + stats.inFlight + stats.spooled,
    JSON.stringify(stats),
  ).toBe(stats.captured)
}

/** The same from the last `ledger` line that a process wrote under PEEKAPI_DEBUG, for processes that are gone. */
export function lastLedger(stderr: string): Record<string, number> {
  return ledgers(stderr).at(-1)!
}

/** All such lines, of one process or several that share their stderr. */
export function ledgers(stderr: string): Array<Record<string, number>> {
  const lines = stderr.split('\n').filter((text) => text.includes('[peekapi] ledger '))
  if (lines.length === 0) throw new Error(`no ledger line in: ${stderr}`)
  return lines.map(closedFigures)
}

function closedFigures(line: string): Record<string, number> {
  const figures = Object.fromEntries(
    [...line.matchAll(/([\w.]+)=(-?\d+)/g)].map(([, name, value]) => [name!, Number(value)]),
  )
  const dropped = Object.entries(figures).reduce(
    (sum, [name, value]) => (name.startsWith('dropped.') ? sum + value : sum),
    0,
  )
  expect(
    figures['delivered']! + dropped + figures['buffered']! + figures['in_flight']! + figures['spooled']!,
    line,
  ).toBe(figures['captured'])
  return figures
}
