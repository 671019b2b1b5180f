import { expect, test } from 'vitest'
import { applicationOf } from '../support/exactness.ts'

/** Both as vitest joins the names of test/contract.ts. */
test.each([
  [
    'find-my-way 9.10.1, app.mjs > exact > parameter: GET /users/7',
    { framework: 'find-my-way', release: '9.10.1', system: 'ES modules' },
  ],
  [
    'fixtures/fastify/programs/http2.cjs 5 > exact > root: GET /',
    { framework: 'fastify', release: 'programs', system: 'CommonJS' },
  ],
  ['find-my-way 9.10.1, app.mjs > every warning is as well', undefined],
])('%s counts for its application', (name, application) => {
  expect(applicationOf(name)).toEqual(application)
})
