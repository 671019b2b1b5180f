import { createSocket, type Socket } from 'node:dgram'
import { Resolver } from 'node:dns'
import type { AddressInfo, LookupFunction } from 'node:net'

const HEADER_BYTES = 12
const TYPE_A = 1
/** Response, recursion desired and available, no error. */
const FLAGS = 0x8180

/** A real name server on loopback: the n-th question for a name gets the n-th answer, then always the last. */
export class NameServer {
  /** Names asked for, in order. */
  readonly questions: string[] = []
  readonly #socket: Socket = createSocket('udp4')
  readonly #answers: ReadonlyMap<string, ReadonlyArray<readonly string[]>>

  private constructor(answers: Readonly<Record<string, ReadonlyArray<readonly string[]>>>) {
    this.#answers = new Map(Object.entries(answers))
    this.#socket.on('message', (query, { port, address }) => {
      this.#socket.send(this.#answer(query), port, address)
    })
  }

  static async start(
    answers: Readonly<Record<string, ReadonlyArray<readonly string[]>>>,
  ): Promise<NameServer> {
    const server = new NameServer(answers)
    await new Promise<void>((resolve) => server.#socket.bind(0, '127.0.0.1', resolve))
    return server
  }

  /** Resolves through this server, in the manner of `dns.lookup`: asked anew each time. */
  get lookup(): LookupFunction {
    const resolver = new Resolver()
    resolver.setServers([`127.0.0.1:${(this.#socket.address() as AddressInfo).port}`])
    return (hostname, _options, callback) =>
      resolver.resolve4(hostname, (fault, addresses) =>
        callback(
          fault,
          (addresses ?? []).map((address) => ({ address, family: 4 })),
        ),
      )
  }

  close(): void {
    this.#socket.close()
  }

  #answer(query: Buffer): Buffer {
    const name = nameIn(query)
    const answers = this.#answers.get(name) ?? [[]]
    const asked = this.questions.filter((question) => question === name).length
    this.questions.push(name)
    const addresses = answers[Math.min(asked, answers.length - 1)]!
    const question = query.subarray(HEADER_BYTES, HEADER_BYTES + name.length + 2 + 4)
    const header = Buffer.alloc(HEADER_BYTES)
    query.copy(header, 0, 0, 2)
    for (const [index, field] of [FLAGS, 1, addresses.length].entries())
      header.writeUInt16BE(field, 2 + 2 * index)
    return Buffer.concat([header, question, ...addresses.map(recordOf)])
  }
}

/** Labels, each after its length, up to an empty one. */
function nameIn(query: Buffer): string {
  const labels: string[] = []
  for (let at = HEADER_BYTES; query[at]! > 0; at += 1 + query[at]!)
    labels.push(query.toString('latin1', at + 1, at + 1 + query[at]!))
  return labels.join('.')
}

/** Name as a pointer to the question's, type A, class IN, 0 s to live: never cached. */
function recordOf(address: string): Buffer {
  return Buffer.from([
    0xc0,
    HEADER_BYTES,
    0,
    TYPE_A,
    0,
    1,
    0,
    0,
    0,
    0,
    0,
    4,
    ...address.split('.').map(Number),
  ])
}
