// An ingestion endpoint that misbehaves by script, to try an application against: npm run chaos -- 503*5 never 202
import { Ingest } from './ingest.ts'
import { scriptOf } from './script.ts'

const script = scriptOf(process.argv.slice(2))
const ingest = await Ingest.start((n, batch) => {
  const reply = script(n, batch)
  console.log(`${batch.id}  ${batch.events.length} events  ${reply.broken ?? reply.status}`)
  return reply
})
console.log(`PEEKAPI_ENDPOINT=${ingest.url} PEEKAPI_API_KEY=any`)
