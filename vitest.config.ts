import { defineConfig, type ViteUserConfig } from 'vitest/config'

/** Minutes instead of seconds: `npm run test:faults`, `npm run test:matrix`, `npm run test:soak`, `npm run test:agents`. */
const LONG = ['test/faults/**', 'test/matrix/**', 'test/soak/**', 'test/agents/**']

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['**/node_modules/**', ...(process.env['LONG_TESTS'] === undefined ? LONG : [])],
    globalSetup: ['fixtures/install.mjs'],
    // Child processes on a busy two-core machine: a limit that only a real hang reaches.
    testTimeout: 30_000,
    hookTimeout: 120_000,
    // The whole of .ci/run starts thousands of processes on two cores: there, what fails once is looked at again, and
    // shown as such. What is broken fails twice.
    retry: Number(process.env['TEST_RETRIES'] ?? 0),
    // Two cores: more workers than that and the applications under test starve.
    maxWorkers: 2,
  },
})

export default config
