import { readdirSync, writeFileSync, writeSync } from 'node:fs'
import type { Batch } from '../../src/delivery/batch.ts'
import { newBatchId } from '../../src/delivery/batch.ts'
import { Ledger } from '../../src/delivery/ledger.ts'
import { DiskSpool, type DiskSpoolOptions } from '../../src/delivery/spool/disk-spool.ts'
import type { Calls } from './spool-process.ts'

// Run by spool-process.ts: a process with a spool in it, told what to do.

const ledger = new Ledger()
const spool = new DiskSpool({
  endpoint: 'http://127.0.0.1/v1/events',
  apiKey: 'test-key',
  maxStorageBytes: 5_000_000,
  maxEventBytes: 65_536,
  batchSize: 100,
  ...(JSON.parse(process.argv[2]!) as Partial<DiskSpoolOptions> & { storagePath: string }),
  ledger,
})
const batches = new Map<string, Batch & { lines: string[] }>()

const calls: { [Name in keyof Calls]: (...args: Parameters<Calls[Name]>) => unknown } = {
  grow(id, lines) {
    const batch = batches.get(id) ?? { id, lines: [] }
    batches.set(id, batch)
    batch.lines.push(...lines)
  },
  journal: () => spool.journal([...batches.values()]),
  publish(id) {
    const batch = batches.get(id)!
    const refusal = spool.publish(batch)
    if (refusal === undefined) {
      batches.delete(id)
      ledger.spooled += batch.lines.length
    }
    return refusal
  },
  seal: (id) => spool.seal(batches.get(id)!),
  forget(id) {
    spool.forget(batches.get(id)!)
    batches.delete(id)
  },
  async claim() {
    const batch = await spool.claim()
    if (batch !== undefined) batches.set(batch.id, batch as Batch & { lines: string[] })
    return batch
  },
  async drain() {
    const taken: Batch[] = []
    for (let batch = await spool.claim(); batch !== undefined; batch = await spool.claim()) {
      ledger.spooled -= batch.lines.length
      taken.push(batch)
      spool.forget(batch)
    }
    return taken
  },
  load(from) {
    const EVENTS_PER_BATCH = 10
    let next = from
    const turn = (): void => {
      const batch = { id: newBatchId(), lines: [] as string[] }
      while (batch.lines.length < EVENTS_PER_BATCH) {
        batch.lines.push(line(next++))
        // A batch that grows in two steps, as in group commits.
        if (batch.lines.length === EVENTS_PER_BATCH / 2) spool.journal([batch])
      }
      if (next % (2 * EVENTS_PER_BATCH) === 0) spool.journal([batch])
      else if (spool.publish(batch) !== undefined) return void setImmediate(turn)
      writeSync(1, `${next - EVENTS_PER_BATCH}\n`)
      setImmediate(turn)
    }
    turn()
  },
  files: (directory) => readdirSync(directory),
  fill: (path, bytes) => writeFileSync(path, Buffer.alloc(bytes)),
  ledger: () => {
    const { spooled, dropped } = ledger.stats({ buffered: 0, inFlight: 0 })
    return { spooled, dropped }
  },
}

function line(number: number): string {
  return JSON.stringify({ method: 'GET', path: '/e', status_code: 200, consumer_id: String(number) })
}

process.on('message', ({ number, name, args }: { number: number; name: keyof Calls; args: never[] }) => {
  const call = calls[name] as (...given: never[]) => unknown
  void Promise.resolve(call(...args)).then((answer) => process.send?.({ number, answer }))
})
