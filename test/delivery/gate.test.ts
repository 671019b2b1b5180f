import { describe, expect, test } from 'vitest'
import { backoffMs, FAILURES_UNTIL_DISK, Gate } from '../../src/delivery/gate.ts'

const SECOND = 1000

describe('backoff', () => {
  test.each([
    [1, 1],
    [2, 2],
    [3, 4],
    [4, 8],
    [5, 16],
    [6, 32],
    [7, 60],
    [8, 60],
    [1000, 60],
    [Number.MAX_SAFE_INTEGER, 60],
  ])('after %i failures waits at most %i s', (failures, seconds) => {
    expect(backoffMs(failures, 1)).toBe(seconds * SECOND)
    expect(backoffMs(failures, 0.5)).toBe(seconds * 0.5 * SECOND)
  })

  test('never waits less than 250 ms', () => {
    expect(backoffMs(1, 0)).toBe(250)
    expect(backoffMs(20, 0)).toBe(250)
  })

  test('waits as long as Retry-After says if that is longer', () => {
    expect(backoffMs(1, 1, 300 * SECOND)).toBe(300 * SECOND)
    expect(backoffMs(7, 1, 2 * SECOND)).toBe(60 * SECOND)
  })
})

/** A gate on a clock that the test turns, without luck in its delays. */
function gateAt(random = 1): { gate: Gate; pass: (ms: number) => void } {
  let now = 1_000_000
  return {
    gate: new Gate(
      () => now,
      () => random,
    ),
    pass: (ms) => void (now += ms),
  }
}

describe('gate', () => {
  test('lets two requests overlap while the endpoint is well, not three', () => {
    const { gate } = gateAt()
    expect([0, 1, 2].map((inFlight) => gate.admits(inFlight))).toEqual([true, true, false])
  })

  test('after a failure nothing passes before the delay is over, then one probe', () => {
    const { gate, pass } = gateAt()
    gate.failed(undefined)
    expect(gate.waitMs()).toBe(SECOND)
    expect(gate.admits(0)).toBe(false)
    pass(SECOND - 1)
    expect(gate.admits(0)).toBe(false)
    pass(1)
    expect(gate.admits(0)).toBe(true)
    expect(gate.admits(0)).toBe(false)
    expect(gate.admits(1)).toBe(false)
  })

  test('two requests failing together are one failure', () => {
    const { gate } = gateAt()
    gate.failed(undefined)
    gate.failed(undefined)
    expect(gate.failures).toBe(1)
  })

  test('a probe waits for a slow request of better times', () => {
    const { gate, pass } = gateAt()
    gate.failed(undefined)
    pass(SECOND)
    expect(gate.admits(1)).toBe(false)
    expect(gate.admits(0)).toBe(true)
  })

  test('delays grow with every failed probe and are never forgotten before a success', () => {
    const { gate, pass } = gateAt()
    const delays: number[] = []
    for (let n = 0; n < 9; n++) {
      gate.failed(undefined)
      delays.push(gate.waitMs() / SECOND)
      pass(gate.waitMs())
      expect(gate.admits(0)).toBe(true)
    }
    expect(delays).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60])
    gate.succeeded()
    expect(gate.healthy).toBe(true)
    gate.failed(undefined)
    expect(gate.waitMs()).toBe(SECOND)
  })

  test('a later, shorter answer does not open the gate earlier', () => {
    const { gate } = gateAt()
    gate.failed(300 * SECOND)
    gate.failed(undefined)
    expect(gate.waitMs()).toBe(300 * SECOND)
  })

  test('a hold waits 5 minutes and sends batches to disk', () => {
    const { gate, pass } = gateAt()
    gate.hold()
    expect(gate.failures).toBe(FAILURES_UNTIL_DISK)
    expect(gate.waitMs()).toBe(300 * SECOND)
    pass(300 * SECOND)
    expect(gate.admits(0)).toBe(true)
  })

  test('no delay comes near the 2^31-1 ms at which timers fire at once', () => {
    const { gate } = gateAt()
    for (let n = 0; n < 100; n++) gate.failed(300 * SECOND)
    expect(gate.waitMs()).toBeLessThanOrEqual(300 * SECOND)
  })
})
