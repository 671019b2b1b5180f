import { subscribe } from 'node:diagnostics_channel'
import type { ObservedChannel, Registration } from '../frameworks/framework.ts'
import { Guard } from '../guard.ts'
import { isTested } from './versions.ts'

const guard = new Guard('framework channels')

/** Waits for frameworks that show themselves. Nothing of theirs is loaded before one does. */
export function listenToChannels(registrations: readonly Registration[]): void {
  for (const registration of registrations) {
    for (const channel of registration.channels ?? []) listen(registration, channel)
  }
}

function listen(registration: Registration, observed: ObservedChannel): void {
  const { channel, package: name, versions, versionOf } = observed
  // Node would rethrow what a subscriber throws as an uncaught exception.
  subscribe(channel, (message) => {
    if (!guard.active) return
    try {
      if (isTested(registration.name, name, versionOf(message), versions))
        registration.load().patch?.(message, channel)
    } catch (fault) {
      guard.fault(fault)
    }
  })
}
