import { channel } from 'node:diagnostics_channel'
import { expect, test } from 'vitest'
import { listenToChannels } from '../../src/loader/channels.ts'

const shown = channel('test.framework')

test('a framework that shows itself is patched, in tested releases only; a fault of ours stays ours', async () => {
  const patched: unknown[] = []
  listenToChannels([
    {
      name: 'shown',
      supported: '',
      observed: '',
      modules: [],
      channels: [
        {
          channel: shown.name as string,
          package: 'shown',
          versions: '>=2 <3',
          versionOf: (message) => (message as { version?: unknown }).version,
        },
      ],
      load: () => ({
        patch: (message, path) => {
          patched.push([(message as { version: string }).version, path])
          throw new Error('a fault of ours')
        },
      }),
    },
  ])
  const uncaught: unknown[] = []
  const notice = (error: unknown): void => void uncaught.push(error)
  process.on('uncaughtException', notice)
  for (const version of ['1.9.0', '2.0.0', '2.9.9', '3.0.0', undefined]) shown.publish({ version })
  // A subscriber's error is thrown in the next tick.
  await new Promise(setImmediate)
  process.off('uncaughtException', notice)
  expect(uncaught).toEqual([])
  expect(patched).toEqual([
    ['2.0.0', 'test.framework'],
    ['2.9.9', 'test.framework'],
  ])
})
