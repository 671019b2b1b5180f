import { basename } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { subject as express } from '../../fixtures/express/cases.ts'
import { subject as fastify } from '../../fixtures/fastify/cases.ts'
import type { ApiEvent } from '../../src/types/client.ts'
import { casesOf, expected, inTurn, releasesOf, said, type Case } from '../contract.ts'
import { App, root } from '../support/app.ts'
import type { Identity } from '../support/certificates.ts'
import { Ingest } from '../support/ingest.ts'
import type { Answer } from '../support/perform.ts'
import { until } from '../support/until.ts'
import { Sink, type Post } from './sink.ts'

/** Another tool that is preloaded to observe applications. */
export interface Agent {
  /** Options of node, as its documentation has them. */
  readonly preload: (esModule: boolean) => readonly string[]
  readonly env: (port: number) => Readonly<Record<string, string>>
  /** Of its backend, if that is spoken to over TLS only. */
  readonly identity?: Identity
  /** Reads a post of its: what it says of requests and all they did, one line each; and the answer it wants. */
  readonly receive: (post: Post, tell: (line: string) => void) => unknown
  /** Lines that differ from one run to the next, or that tell of our own connections. */
  readonly ignores?: RegExp
  /** It does not tell of requests whose client left, or not always: those are left out. */
  readonly completedOnly?: true
  /** As how many it tells of one; default 1. */
  readonly requests?: (ask: string, subject: string) => number
}

/** Where a package of an agent's fixture is. */
export function installed(agent: string, path: string): string {
  return `${root}fixtures/agents/${agent}/node_modules/${path}`
}

/** A line that tells of a whole request; others tell of parts. */
export const WHOLE = 'request:'

/** Where our preload stands among the options: before the agent's, behind it, or not at all. */
type Place = 'before' | 'after' | 'none'

interface Run {
  readonly answers: readonly Answer[]
  readonly events: ReadonlyMap<string, ApiEvent>
  /** What the agent's backend was told, sorted. */
  readonly told: readonly string[]
  readonly printed: string
}

/** Runs Express and Fastify beside an agent and without us, and compares. */
export function beside(name: string, agent: Agent): void {
  describe(name, () => {
    for (const subject of [express, fastify]) {
      const { directory, version, pinned } = releasesOf(subject).findLast(({ version }) =>
        version.startsWith('5'),
      )!
      const cases = casesOf(subject, version, pinned).filter(
        ({ leaves }) => leaves === undefined || agent.completedOnly !== true,
      )
      for (const file of ['app.cjs', 'app.mjs']) compare(agent, subject.name, `${directory}/${file}`, cases)
    }
  })
}

function compare(agent: Agent, subject: string, file: string, cases: readonly Case[]): void {
  describe(`${subject} ${basename(file)}`, () => {
    let alone: Run
    beforeAll(async () => {
      alone = await run(agent, subject, file, cases, 'none')
    })

    test.each(['before', 'after'] as const)('with us %s it', async (place) => {
      const both = await run(agent, subject, file, cases, place)
      const events = cases.map((one, index) => [one.name, said(both.events.get(`0/${index}`))])
      expect(events).toEqual(
        cases.map((one, index) => [one.name, expected(subject, one, alone.answers[index]!)]),
      )
      expect(both.answers).toEqual(alone.answers)
      expect(both.told).toEqual(alone.told)
      expect(both.printed).toBe(alone.printed)
    })
  })
}

async function run(
  agent: Agent,
  subject: string,
  file: string,
  cases: readonly Case[],
  place: Place,
): Promise<Run> {
  const lines: string[] = []
  const tell = (line: string): void => {
    if (agent.ignores?.test(line) !== true) lines.push(line)
  }
  const sink = await Sink.start((post) => agent.receive(post, tell), agent.identity)
  const ingest = await Ingest.start()
  const esModule = file.endsWith('.mjs')
  const theirs = agent.preload(esModule)
  const ours = esModule ? ['--import', `${root}register.mjs`] : ['--require', `${root}register.cjs`]
  const app = await App.serve({
    file,
    preload: 'none',
    execArgv: [...(place === 'before' ? ours : []), ...theirs, ...(place === 'after' ? ours : [])],
    env: { NODE_ENV: 'production', PEEKAPI_NORMALIZE_PATHS: 'false', ...agent.env(sink.port) },
    endpoint: ingest.url,
  })
  const toldOf = async (asked: readonly Case[]): Promise<void> => {
    const wanted = asked.reduce((sum, { ask }) => sum + (agent.requests?.(ask, subject) ?? 1), 0)
    const got = (): number => lines.filter((line) => line.startsWith(WHOLE)).length
    await until(
      () => (sink.check(), got() >= wanted),
      () => `${wanted} requests at the agent's backend; got ${got()}`,
      FLUSH_MS,
    )
  }
  const answers = await inTurn(cases, app, 0)
  await toldOf(cases)
  // Parts of a request may be told after it: they have come when a later request has.
  const last = cases.find(({ name }) => name === 'static')!
  await inTurn([last], app, 1)
  await toldOf([...cases, last])
  if (place !== 'none') await ingest.waitForEvents(cases.length + 1)
  const { stdout, stderr } = await app.stop('SIGKILL')
  await Promise.all([sink.close(), ingest.close()])
  const events = new Map(ingest.events.map((event) => [event.consumer_id ?? '', event]))
  return { answers, events, told: lines.toSorted(), printed: withoutFrames(stdout + stderr) }
}

/** Applications print their errors, with the frames of whoever is around. */
function withoutFrames(text: string): string {
  return text.replaceAll(/^ +at .*?( \{)?\n/gm, '$1').replaceAll(/\(node:\d+\)/g, '(node)')
}

/** Longer than any of them keeps what it knows. */
const FLUSH_MS = 20_000
