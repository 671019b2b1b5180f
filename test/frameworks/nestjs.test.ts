import { expect } from 'vitest'
import { subject } from '../../fixtures/nestjs/cases.ts'
import { bundled } from '../../fixtures/nestjs/programs/bundles.ts'
import { contract, type Case, type Program } from '../contract.ts'
import { ask } from '../support/request.ts'
import { scenario } from '../support/scenario.ts'

contract({ ...subject, programs: [...(subject.programs ?? []), ...(await bundles())] })

/** By webpack not in every run, because it takes a quarter of a minute for each. */
async function bundles(): Promise<Program[]> {
  const inEveryRun = ['12-express', '12-fastify'].map((release) =>
    bundled(release, 'esbuild', casesOf(release)),
  )
  if (process.env['RELEASES'] !== 'all') return Promise.all(inEveryRun)
  const older = ['11.2-express', '11.2-fastify', '10.4-express', '10.4-fastify'].map((release) =>
    bundled(release, 'esbuild', casesOf(release)),
  )
  const programs = await Promise.all([...inEveryRun, ...older])
  for (const release of ['12-express', '12-fastify']) {
    programs.push(await bundled(release, 'webpack', casesOf(release)))
    programs.push(await bundled(release, 'nest build', casesOf(release)))
  }
  return programs
}

function casesOf(release: string): readonly Case[] {
  const major = Number.parseInt(release, 10)
  const cases = subject.cases(major, release, { [`@nestjs/platform-${release.split('-')[1]}`]: release })
  // Router 2.3 is the first to tell a route that handed on.
  return release === '10.4-express' ? cases.filter(({ name }) => name !== 'no such host') : cases
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

// As in a bundle.
scenario('below mounts of an Express that is not seen no route is told', async ({ ingest, serve }) => {
  const app = await serve({
    file: 'fixtures/nestjs/programs/mounted.cjs',
    args: ['12-express'],
    env: { PEEKAPI_DISABLED_FRAMEWORKS: 'express' },
  })
  for (const path of ['/nest/t/users/7', '/outer/7']) await ask(app.origin, path)
  await ingest.waitForEvents(2)
  expect(ingest.events.map(({ path, metadata }) => [path, metadata?.['framework']])).toEqual([
    ['/nest/t/users/{id}', 'nestjs'],
    ['/outer/{id}', undefined],
  ])
})

scenario('PEEKAPI_DISABLED_FRAMEWORKS leaves the name to the host', async ({ ingest, serve }) => {
  const app = await serve({
    file: 'fixtures/nestjs/12-fastify/app.cjs',
    env: { PEEKAPI_DISABLED_FRAMEWORKS: 'nestjs' },
  })
  await ask(app.origin, '/users/7')
  await ingest.waitForEvents(1)
  expect(ingest.events[0]).toMatchObject({ path: '/users/:id', metadata: { framework: 'fastify' } })
})
