import type { EventEmitter } from 'node:events'
import type { Registration } from '../frameworks/framework.ts'
import { Guard } from '../guard.ts'
import { isLeftAlone } from './versions.ts'

const guard = new Guard('bundled frameworks')

/** A process with several servers shows them again and again. */
const seen = new WeakSet<object>()

/** Applications that listen to a server: what they were made of was not seen as it loaded if it is in a bundle. */
export function adoptApplications(registrations: readonly Registration[], server: object): void {
  if (!guard.active || seen.has(server)) return
  seen.add(server)
  try {
    for (const listener of (server as EventEmitter).listeners('request')) {
      for (const { name, isApplication, load } of registrations)
        if (isApplication?.(listener) === true && !isLeftAlone(name)) load().adopt?.(listener)
    }
  } catch (fault) {
    guard.fault(fault)
  }
}
