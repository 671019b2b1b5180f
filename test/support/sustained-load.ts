import { readFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { expect } from 'vitest'
import type { App } from './app.ts'
import { expectClosed } from './ledger.ts'
import { ask } from './request.ts'

const CONNECTIONS = 32
const SAMPLE_MS = 250
/** What a process needs to reach its stride (full buffers, compiled code, a heap that has grown once) is not growth. */
const WARM_UP_SHARE = 0.5

export interface Load {
  readonly ms: number
  /** Events that may be in memory. */
  readonly maxBuffered: number
  /** Of resident memory after the warm-up. */
  readonly maxGrowthBytes: number
}

/** As many requests as the machine can do, each answered, while what the client keeps stays within its limits. */
export async function expectBounded(app: App, { ms, maxBuffered, maxGrowthBytes }: Load): Promise<number> {
  const started = performance.now()
  const elapsed = (): number => performance.now() - started
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  let answered = 0
  const worker = async (): Promise<void> => {
    while (elapsed() < ms) {
      const headers = { 'x-api-key': String(answered) }
      expect((await ask(app.origin, '/e', { agent, headers })).status).toBe(200)
      answered++
    }
  }
  let settled = 0
  let peak = 0
  const sampler = async (): Promise<void> => {
    while (elapsed() < ms) {
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS))
      const stats = await app.stats()
      expectClosed(stats)
      expect(stats.buffered + stats.inFlight).toBeLessThanOrEqual(maxBuffered)
      if (elapsed() < ms * WARM_UP_SHARE) settled = Math.max(settled, residentBytes(app))
      else peak = Math.max(peak, residentBytes(app))
    }
  }
  await Promise.all([sampler(), ...Array.from({ length: CONNECTIONS }, worker)])
  agent.destroy()
  expect(peak - settled).toBeLessThan(maxGrowthBytes)
  return answered
}

/** Of the application, now; its peak with `VmHWM`. */
export function residentBytes(app: App, which: 'VmRSS' | 'VmHWM' = 'VmRSS'): number {
  const status = readFileSync(`/proc/${app.process.pid}/status`, 'utf8')
  return Number(new RegExp(`${which}:\\s+(\\d+) kB`).exec(status)![1]) * 1024
}
