import { configDefaults, defineConfig, type ViteUserConfig } from 'vitest/config'

/**
 * Tests of the spool that start, pause and kill processes, or wait for leases. The client does not use the spool
 * yet; until it does they run by `npm run test:spool`, and a race in one of them holds nobody up.
 */
const spoolProcesses =
  'test/delivery/spool/{capacity,crash,disk-faults,garbage,legacy,processes,safety}.test.ts'

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [
      ...configDefaults.exclude,
      ...(process.env['TEST_SPOOL'] === undefined ? [spoolProcesses] : []),
    ],
    globalSetup: ['fixtures/install.mjs'],
    // Child processes on a busy two-core machine: a limit that only a real hang reaches.
    testTimeout: 30_000,
    hookTimeout: 120_000,
    // Two cores: more workers than that and the applications under test starve.
    maxWorkers: 2,
  },
})

export default config
