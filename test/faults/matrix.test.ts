import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { root } from '../support/app.ts'
import { caseOf, faultCases } from '../support/fault-matrix.ts'

test('every case of the fault matrix is proved by a test that names it', () => {
  const directory = `${root}test/faults`
  const tests = readdirSync(directory)
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => readFileSync(`${directory}/${file}`, 'utf8'))
    .join('')
  const named = new Set([...tests.matchAll(/['"`]([SNPDC]\d+ )/g)].map(([, name]) => caseOf(name!)))
  expect(faultCases.filter((id) => !named.has(id))).toEqual([])
  expect(faultCases).toHaveLength(40)
})
