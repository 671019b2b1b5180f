import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { root } from '../support/app.ts'

test('the demo: tables that count what was driven, for CommonJS and for ES modules', () => {
  const { status, stderr } = spawnSync(process.execPath, ['fixtures/shop/demo.mjs', '--short'], {
    cwd: root,
    encoding: 'utf8',
  })
  expect(status, stderr).toBe(0)
  expect(stderr.match(/✓ the table counts exactly what was driven/g)).toHaveLength(2)
})
