import { Guard } from '../guard.ts'
import type { DeliveryClient } from './client.ts'

const SIGNALS = ['SIGTERM', 'SIGINT'] as const
type Signal = (typeof SIGNALS)[number]

const guard = new Guard('shutdown')

/**
 * Sees the process end, and leaves the way it ends as it was.
 *
 * A signal listener takes Node's default exit away. So ours restores it: what is in memory goes to disk at once,
 * is sent within the shutdown timeout, and then, if nobody else listens, the signal is raised again with no
 * listener left. Where the kernel ignores it (PID 1), the process lives on, and so does the client.
 *
 * @param settleOpen Makes the events of what is still under way, and says how many.
 */
export function watchProcessEnd(client: DeliveryClient, settleOpen: () => number): void {
  const departure: Departure = { begun: false }
  for (const signal of SIGNALS) watchSignal(client, signal, departure, settleOpen)
  watchBeforeExit(client)
  process.on('exit', () =>
    attempt(() => {
      settleOpen()
      client.abandon()
      client.reportLedger()
    }),
  )
}

/** Shared by the signals: who presses Ctrl-C while SIGTERM is being heeded will not wait either. */
interface Departure {
  begun: boolean
}

function watchSignal(
  client: DeliveryClient,
  signal: Signal,
  departure: Departure,
  settleOpen: () => number,
): void {
  const leave = (): void => {
    // The signal leaves no time for `exit`. The first process of a container may survive it, and its requests too.
    if (process.pid !== 1 && settleOpen() > 0) client.abandon()
    raise(signal, listener)
  }
  const listener = (): void =>
    attempt(() => {
      // First to the disk: whoever is impatient kills next.
      client.journal()
      if (process.listenerCount(signal) > 1) {
        client.hasten()
        return stepAside(signal, listener)
      }
      if (departure.begun) return leave()
      departure.begun = true
      void client.conclude().finally(() => {
        departure.begun = false
        client.reportLedger()
        // A listener that came while we were sending has the say now.
        if (process.listenerCount(signal) === 1) leave()
      })
    })
  // First in line: a `once` listener of the application is gone from the list when it has run.
  process.prependListener(signal, listener)
}

/**
 * Others decide about the exit. While they do, our listener is not in the list: signal-exit, which half of all
 * command line tools carry, raises the signal again only if it finds no listener but its own.
 */
function stepAside(signal: Signal, listener: () => void): void {
  process.removeListener(signal, listener)
  setImmediate(() => process.prependListener(signal, listener)).unref()
}

function raise(signal: Signal, listener: () => void): void {
  process.removeListener(signal, listener)
  process.kill(process.pid, signal)
  // Still here a moment later: the signal is ignored (PID 1). Go on as before.
  setTimeout(() => process.prependListener(signal, listener), SURVIVED_MS).unref()
}

/** A raised signal ends the process before the event loop turns again; this much later it did not. */
const SURVIVED_MS = 50

/** The loop is empty: send what is left, once for what there is. `beforeExit` comes again when the send is done. */
function watchBeforeExit(client: DeliveryClient): void {
  let sentUpTo = 0
  const listener = (): void =>
    attempt(() => {
      const { captured } = client.stats()
      if (captured === sentUpTo || !client.pending) return
      sentUpTo = captured
      void client.flush()
    })
  process.on('beforeExit', listener)
}

function attempt(action: () => void): void {
  if (!guard.active) return
  try {
    action()
  } catch (fault) {
    guard.fault(fault)
  }
}
