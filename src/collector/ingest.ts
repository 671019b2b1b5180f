import type { IncomingMessage } from 'node:http'
import type { ApiEvent } from '../types/client.ts'
import type { ReceivedBatch } from './store.ts'
import { complaintAbout } from './validate.ts'

/** The largest batch that a client with default settings can make: 100 events of 64 KiB, and some room. */
export const MAX_BODY_BYTES: number = 8 * 1024 * 1024
/** A body full of junk must not be answered with a body as large. */
const MAX_COMPLAINTS = 20
const EVENTS_PATH = '/v1/events'

/** A POST that is not taken. The message is for the person who looks at the client's log. */
export class Refusal extends Error {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** What is wrong, event by event. */
  readonly events: readonly EventComplaint[] | undefined

  constructor(
    status: number,
    message: string,
    more: { headers?: Readonly<Record<string, string>>; events?: readonly EventComplaint[] } = {},
  ) {
    super(message)
    this.status = status
    this.headers = more.headers ?? {}
    this.events = more.events
  }
}

export interface EventComplaint {
  readonly index: number
  readonly reason: string
}

/**
 * Reads a batch from a request.
 *
 * @throws Refusal for everything that is no batch of events.
 */
export async function readBatch(request: IncomingMessage): Promise<ReceivedBatch> {
  checkHead(request)
  const events = eventsIn(await bodyOf(request))
  const id = request.headers['idempotency-key']
  return { id: typeof id === 'string' && id !== '' ? id : undefined, events }
}

function checkHead({ url = '', method, headers }: IncomingMessage): void {
  const path = url.split('?', 1)[0]!
  if (path !== EVENTS_PATH) throw new Refusal(404, `nothing here; events go to ${EVENTS_PATH}`)
  if (method !== 'POST') throw new Refusal(405, 'events are sent by POST', { headers: { allow: 'POST' } })
  if ((headers['x-api-key'] ?? '') === '') throw new Refusal(401, 'the header x-api-key is missing')
  const type = headers['content-type'] ?? ''
  if (type.split(';', 1)[0]!.trim().toLowerCase() !== 'application/json')
    throw new Refusal(415, 'content-type must be application/json')
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity') throw new Refusal(415, 'content-encoding is not supported')
  if (Number(headers['content-length'] ?? 0) > MAX_BODY_BYTES) throw tooLarge()
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  // Listeners, not `for await`: leaving that loop destroys the request, and with it the way to answer 413.
  await new Promise<void>((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.byteLength
      if (bytes > MAX_BODY_BYTES) reject(tooLarge())
      else chunks.push(chunk)
    })
    request.on('end', resolve)
    request.on('error', reject)
  })
  return Buffer.concat(chunks).toString()
}

function eventsIn(body: string): ApiEvent[] {
  let events: unknown
  try {
    events = JSON.parse(body)
  } catch {
    throw new Refusal(400, 'the body is not JSON')
  }
  if (!Array.isArray(events)) throw new Refusal(400, 'the body must be a JSON array of events')
  const complaints: EventComplaint[] = []
  let unusable = 0
  for (const [index, event] of events.entries()) {
    const reason = complaintAbout(event)
    if (reason === undefined) continue
    unusable++
    if (complaints.length < MAX_COMPLAINTS) complaints.push({ index, reason })
  }
  if (unusable > 0) {
    throw new Refusal(400, `${unusable} of ${events.length} events cannot be used; none was taken`, {
      events: complaints,
    })
  }
  return events as ApiEvent[]
}

function tooLarge(): Refusal {
  return new Refusal(413, `a batch may have ${MAX_BODY_BYTES} bytes`)
}
