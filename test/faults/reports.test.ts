import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { DOWN, UP } from '../support/ingest.ts'
import { scenario } from '../support/scenario.ts'
import { drive, expectRecovery } from '../support/traffic.ts'
import { until } from '../support/until.ts'

/** Writes down what it is told, then does its worst. */
function listening(
  directory: string,
  worst: string,
): { readonly file: string; readonly told: () => string[] } {
  const file = join(directory, 'peekapi.config.cjs')
  const log = join(directory, 'told')
  writeFileSync(log, '')
  writeFileSync(
    file,
    `module.exports = { onError(error) {
      require('node:fs').appendFileSync(${JSON.stringify(log)}, error.message + '\\n')
      ${worst}
    } }`,
  )
  return { file, told: () => readFileSync(log, 'utf8').split('\n').slice(0, -1) }
}

describe.concurrent('onError of the configuration module', () => {
  scenario.for([
    ['that throws', "throw new Error('theirs')"],
    ['that rejects', "return Promise.reject(new Error('theirs'))"],
    ['that throws nothing at all', 'throw null'],
  ] as const)(
    '%s is told of an endpoint and a disk that fail, and the application does not notice',
    async ([, worst], { ingest, directory, serve }) => {
      const { file, told } = listening(directory, worst)
      writeFileSync(join(directory, 'blocked'), '')
      ingest.script = DOWN
      const app = await serve({
        env: { PEEKAPI_CONFIG: file, PEEKAPI_STORAGE_PATH: join(directory, 'blocked', 'events') },
      })
      await drive(app, 20)
      await until(
        () => told().filter((line) => line.includes('delivery failed (status 503)')).length >= 2,
        () => `two failures of the endpoint; told ${told().join(' | ')}`,
      )
      expect(told().join('\n')).toContain('ENOTDIR')
      expect(app.stderr).toContain('onError of PEEKAPI_CONFIG failed')
      ingest.script = UP
      await expectRecovery(app, ingest, 20)
      expect(told().join('\n')).not.toMatch(/test-key|secret-token|"method"/)
      // One line about the disk, one about the function.
      expect(app.stderr.trimEnd().split('\n')).toHaveLength(2)
    },
  )

  scenario('is told that delivery is on hold', async ({ ingest, directory, serve }) => {
    const { file, told } = listening(directory, '')
    ingest.script = () => ({ status: 403 })
    const app = await serve({ env: { PEEKAPI_CONFIG: file } })
    await drive(app, 5)
    await until(
      () => told().length > 0,
      () => 'a report',
    )
    expect(told()).toEqual(['delivery held (status 403)'])
  })
})
