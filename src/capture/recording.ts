import type { Config } from '../config/config.ts'
import { consumerNaming } from './consumer.ts'
import { startFollowing } from './current.ts'
import { eventLines } from './event.ts'
import type { Recognize } from './exchange.ts'
import type { Hooks } from './hooks.ts'
import { ignoredRequests } from './ignore.ts'
import { accountTo, settle } from './open-exchanges.ts'
import { pathNaming } from './paths.ts'
import { certificateName } from './peer.ts'
import type { Admits, Settle } from './server.ts'

/** What capture needs of the ledger's side. */
export interface Recorder {
  /** @param line The event as JSON. */
  record(line: string): void
  /** Counts a request that configuration leaves out. */
  ignore(): void
  /** Counts what arrived and never became a request. */
  malformed(): void
}

/** How configuration shapes what is captured. */
export interface Recording {
  /** Whether a request is to be captured; asked before anything is done for it. */
  readonly admits: Admits
  /** Takes an exchange that is over. */
  readonly settle: Settle
  /** Whether the ends of upgraded connections are events too. */
  readonly followsConnections: boolean
}

export function recordingBy(
  config: Config,
  hooks: Hooks,
  recorder: Recorder,
  recognizers: readonly Recognize[],
): Recording {
  const lineOf = eventLines({
    pathOf: pathNaming(config),
    consumerOf: consumerNaming(config.consumer, (exchange) => hooks.identifyConsumer(exchange)),
    metadata: config.metadata,
  })
  const isIgnored = ignoredRequests(config.ignorePaths, () => recorder.ignore())
  const asksPeer = config.consumer.some(({ from }) => from === 'mtls')
  startFollowing()
  accountTo({
    settle: (exchange) => {
      for (const recognize of recognizers) recognize(exchange)
      recorder.record(hooks.finish(lineOf(exchange), exchange))
    },
    malformed: () => recorder.malformed(),
  })
  return {
    admits: (request) => {
      if (isIgnored(request)) return false
      if (asksPeer) certificateName(request.socket)
      return true
    },
    settle,
    followsConnections: config.websockets === 'full',
  }
}
