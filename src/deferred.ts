/**
 * What waits for a server, or for the program to ask for it. Built into a file of its own:
 * a process that needs none of it does not read it.
 */
export { loadConfigModule } from './config/module.ts'
export { createClient } from './delivery/standalone.ts'
export { recognizersOf } from './frameworks/recognizers.ts'
export { startRuntime } from './runtime.ts'
