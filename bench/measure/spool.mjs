import { mkdirSync, writeFileSync } from 'node:fs'
import { newBatchId } from '../../src/delivery/batch.ts'
import { formatName, timeOf } from '../../src/delivery/spool/names.ts'
import { newOwner } from '../../src/delivery/spool/owner.ts'
import { newSpool } from '../variants.mjs'

const EVENTS_PER_FILE = 100
const EVENT = JSON.stringify({
  method: 'GET',
  path: '/users/:id',
  status_code: 200,
  response_time_ms: 1.25,
  request_size: 0,
  response_size: 46,
  consumer_id: '0123456789ab',
  timestamp: '2026-01-01T00:00:00.000Z',
  metadata: { framework: 'express' },
})

/** What a process finds that others before it could not deliver: so many bytes of batches. Where they are. */
export function filledSpool(bytes) {
  const directory = newSpool()
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const batch = `${EVENT}\n`.repeat(EVENTS_PER_FILE)
  const owner = newOwner()
  for (let written = 0; written + batch.length <= bytes; written += batch.length) {
    const name = formatName('events', {
      state: 'new',
      owner,
      time: timeOf(Date.now()),
      id: newBatchId(),
      count: EVENTS_PER_FILE,
    })
    writeFileSync(`${directory}/${name}`, batch, { mode: 0o600 })
  }
  return `${directory}/events`
}
