import { expect, test } from 'vitest'
import { subject } from '../../fixtures/fastify/cases.ts'
import { contract } from '../contract.ts'
import { App } from '../support/app.ts'
import { scenario } from '../support/scenario.ts'
import { ask } from '../support/request.ts'

contract(subject)

test.each(['3', '4.0', '4', '5'])(
  'a program sees one hook more among the plugins, Fastify %s',
  async (release) => {
    const options = { file: 'fixtures/fastify/programs/shapes.cjs', args: [release] }
    const observed = await App.run(options)
    const bare = await App.run({ ...options, preload: 'none' })
    expect(observed.stdout.replace('├── bound _after\n', '')).toBe(bare.stdout)
    expect(observed.stderr).toBe(bare.stderr)
    expect(observed.code).toBe(0)
  },
)

scenario('PEEKAPI_DISABLED_FRAMEWORKS leaves the channel alone', async ({ ingest, serve }) => {
  const app = await serve({
    file: 'fixtures/fastify/programs/servers.cjs',
    args: ['5'],
    env: { PEEKAPI_DISABLED_FRAMEWORKS: 'fastify' },
  })
  await ask(app.origin, '/front/abc')
  await ingest.waitForEvents(1)
  expect(ingest.events[0]).toMatchObject({ path: '/front/abc' })
  expect(ingest.events[0]?.metadata?.['framework']).toBeUndefined()
})
