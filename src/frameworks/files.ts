import type { Framework } from './framework.ts'
import { registry } from './index.ts'

/**
 * The frameworks that are patched, built into a file of their own: a process that loads none of them, and most do not,
 * does not read it. What is in it knows nothing of the files beside it but what it is told here.
 */
export { answerBy } from '../capture/under-way.ts'
export { setDebug } from '../log.ts'

export function load(name: string): Framework {
  return registry.find((registration) => registration.name === name)!.load()
}

/** For Bun alone. */
export function requireHook(): typeof import('require-in-the-middle').Hook {
  return (require('require-in-the-middle') as typeof import('require-in-the-middle')).Hook
}
