import { expect } from 'vitest'
import { subject } from '../../fixtures/nestjs/cases.ts'
import { bundled } from '../../fixtures/nestjs/programs/bundles.ts'
import { contract, type Program } from '../contract.ts'
import { ask } from '../support/request.ts'
import { scenario } from '../support/scenario.ts'

contract({ ...subject, programs: [...(subject.programs ?? []), ...(await bundles())] })

/** One in every run, because webpack takes a quarter of a minute. */
async function bundles(): Promise<Program[]> {
  const cases = subject.cases(12, '12', { '@nestjs/platform-fastify': '12' })
  const programs = [bundled('12-fastify', 'esbuild', cases)]
  if (process.env['RELEASES'] === 'all')
    programs.push(bundled('12-fastify', 'webpack', cases), bundled('12-fastify', 'nest build', cases))
  return Promise.all(programs)
}

scenario('an application of Express is Nest’s from when Nest is in it', async ({ ingest, serve }) => {
  const app = await serve({ file: 'fixtures/nestjs/programs/mounted.cjs', args: ['12-express'] })
  for (const path of ['/shared/before/1', '/shared/users/7', '/shared/start', '/shared/users/7'])
    await ask(app.origin, path)
  await ingest.waitForEvents(4)
  expect(ingest.events.map(({ path, metadata }) => [path, metadata?.['framework']])).toEqual([
    ['/shared/before/:x', 'express'],
    ['/shared/users/{id}', 'express'],
    ['/shared/start', 'nestjs'],
    ['/shared/users/:id', 'nestjs'],
  ])
})
