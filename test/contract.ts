import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { satisfies } from '../src/loader/versions.ts'
import type { ApiEvent, Stats } from '../src/types/client.ts'
import { App, root, type Ending } from './support/app.ts'
import { Ingest } from './support/ingest.ts'
import { expectClosed } from './support/ledger.ts'
import { perform, type Answer } from './support/perform.ts'
import { NEWEST_OF_MAJOR } from './support/releases.ts'

/** One request and the event it must become. */
export interface Case {
  readonly name: string
  /** Method and URL. */
  readonly ask: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Asked over cleartext HTTP/2. */
  readonly protocol?: 'h2'
  /** As on the wire; 499 if the client left before there was a head. */
  readonly status: number
  /** The template. Absent: no route answered, the event carries the URL's path. */
  readonly route?: string | undefined
  readonly unmatched?: true
  /** Who told, if it is another framework than the subject, or (undefined) none. */
  readonly framework?: string | undefined
  /** What was done behind the route: the GraphQL operation. */
  readonly operation?: string
  /** Body bytes of the answer. Absent: whatever the client received. */
  readonly size?: number
  /** The application never writes this body twice: only its size is compared with that of the bare run. */
  readonly varies?: true
  /** The client does not wait for the end. */
  readonly leaves?: 'before the head' | 'within the body'
}

export type Behaviour =
  | 'static'
  | 'parameter'
  | 'body'
  | 'nested parameters'
  | 'wildcard'
  | 'no route'
  | 'error thrown'
  | 'error later'
  | 'middleware answers'
  | 'redirect'
  | 'stream'
  | 'client leaves early'
  | 'client leaves late'
  | 'head'
  | 'large body'

/** What every framework's fixture serves, in the grammar `:name`. */
const behaviours: { readonly [Name in Behaviour]: Omit<Case, 'name'> } = {
  static: { ask: 'GET /health', status: 200, route: '/health', size: 15 },
  parameter: { ask: 'GET /users/7', status: 200, route: '/users/:id' },
  body: {
    ask: 'POST /users',
    headers: { 'content-type': 'application/json' },
    body: '{"name":"Ada"}',
    status: 201,
    route: '/users',
  },
  'nested parameters': { ask: 'GET /orgs/acme/users/7', status: 200, route: '/orgs/:org/users/:id' },
  wildcard: { ask: 'GET /files/a/b.txt', status: 200, route: '/files/*' },
  'no route': { ask: 'GET /nowhere/1', status: 404, unmatched: true },
  'error thrown': { ask: 'GET /fail/3', status: 500, route: '/fail/:id' },
  'error later': { ask: 'GET /fail-later/3', status: 500, route: '/fail-later/:id' },
  'middleware answers': { ask: 'GET /private/x', status: 401 },
  redirect: { ask: 'GET /moved/3', status: 302, route: '/moved/:id' },
  stream: { ask: 'GET /stream/3', status: 200, route: '/stream/:id', size: 13 },
  'client leaves early': {
    ask: 'GET /silent/3',
    status: 499,
    route: '/silent/:id',
    size: 0,
    leaves: 'before the head',
  },
  'client leaves late': {
    ask: 'GET /endless/3',
    status: 200,
    route: '/endless/:id',
    leaves: 'within the body',
  },
  head: { ask: 'HEAD /users/7', status: 200, route: '/users/:id', size: 0 },
  'large body': { ask: 'GET /large/3', status: 200, route: '/large/:id', size: 2 ** 20 },
}

/** What a fixture depends on, by package. */
export type Pinned = Readonly<Record<string, string>>

/** A framework under the contract; its applications are `fixtures/<name>/<release>/app.{cjs,mjs}`. */
export interface Subject {
  /** As in the registry and in `metadata.framework`. */
  readonly name: string
  /** On npm, if it is not the name. */
  readonly package?: string
  /** The framework that answers the common requests, if the subject only lives inside others. */
  readonly host?: string
  /** Templates that this framework writes otherwise, or (undefined) does not have. */
  readonly routes: (major: number, pinned: Pinned) => Partial<Record<Behaviour, string | undefined>>
  /** Where it never learns of the request: the events name no framework. */
  readonly unseen?: readonly Behaviour[]
  /** Its own traps. */
  readonly cases: (major: number, version: string, pinned: Pinned) => readonly Case[]
  /** Releases in which that is so of all bodies. */
  readonly varies?: (version: string) => boolean
  /** Applications beside the common one, for what cannot be in it. */
  readonly programs?: readonly Program[]
  /** So much work to start and to ask that it runs as an ES module with all releases only. */
  readonly slow?: boolean
}

/** An application with cases of its own only. */
export interface Program {
  /** Relative to the repository. */
  readonly file: string
  readonly args?: readonly string[]
  readonly cases: readonly Case[]
  /** Run with all releases only: an older one has little to add here. */
  readonly rare?: boolean
  readonly varies?: boolean
}

const ROUNDS = 20

/** Another place holds the newest releases: `npm run test:latest`. */
const fixtures = process.env['FIXTURES'] ?? `${root}fixtures`
const ALL_RELEASES = process.env['RELEASES'] === 'all'

/** Runs the contract against every release of a framework that has a fixture, as CommonJS and as ES module. */
export function contract(subject: Subject): void {
  const releases = releasesOf(subject)
  const files = subject.slow === true && !ALL_RELEASES ? ['app.cjs'] : ['app.cjs', 'app.mjs']
  for (const { directory, version, pinned, runsHere } of releases) {
    for (const file of files) {
      describe.skipIf(!runsHere)(`${subject.name} ${version}, ${file}`, () => {
        const cases = casesOf(subject, version, pinned)
        contractOf(subject.name, {
          file: `${directory}/${file}`,
          cases,
          varies: subject.varies?.(version) ?? false,
        })
      })
    }
  }
  const programs = (subject.programs ?? []).filter(({ rare }) => rare !== true || ALL_RELEASES)
  // Vitest takes a file without a test for a mistake.
  if (releases.length + programs.length === 0) test.skip(`${subject.name}: npm run test:frameworks`)
  for (const program of programs) {
    describe([program.file, ...(program.args ?? [])].join(' '), () => contractOf(subject.name, program))
  }
}

function contractOf(name: string, { file, args = [], cases, varies = false }: Program): void {
  const requests = cases.length * (1 + ROUNDS)
  let answers: Answer[]
  let bareAnswers: Answer[]
  let events: ReadonlyMap<string, ApiEvent>
  let strangers: ApiEvent[]
  let stats: Stats
  let warnings: readonly string[]
  let bareWarnings: readonly string[]

  beforeAll(async () => {
    const ingest = await Ingest.start()
    // Production, because Express shows stack traces to clients otherwise. Paths as they are: naming them is not the framework's part.
    const env = { NODE_ENV: 'production', PEEKAPI_NORMALIZE_PATHS: 'false' }
    const node = process.env['NODE_UNDER_TEST'] ?? process.execPath
    const app = await App.serve({ file, args, env, node, endpoint: ingest.url })
    const bare = await App.serve({ file, args, env, node, preload: 'none' })
    answers = await inTurn(cases, app, 0)
    bareAnswers = await inTurn(cases, bare, 0)
    await Promise.all(Array.from({ length: ROUNDS }, (_, round) => inTurn(cases, app, round + 1)))
    await ingest.waitForEvents(requests)
    events = new Map(ingest.events.map((event) => [event.consumer_id ?? '', event]))
    const consumers = new Set(
      cases.flatMap((_, index) => Array.from({ length: 1 + ROUNDS }, (_, round) => consumerOf(round, index))),
    )
    strangers = ingest.events.filter(({ consumer_id }) => !consumers.has(consumer_id ?? ''))
    stats = await app.stats()
    const [ending, bareEnding] = await Promise.all([app.stop(), bare.stop(), ingest.close()])
    warnings = warningsIn(ending)
    bareWarnings = warningsIn(bareEnding)
  })

  describe('exact', () => {
    test.each(cases.map((one, index) => ({ ...one, index })))('$name: $ask', ({ index }) => {
      expect(said(events.get(consumerOf(0, index)))).toEqual(expected(name, cases[index]!, answers[index]!))
    })
  })

  test('no event of interleaved requests carries what belongs to another', () => {
    for (let round = 1; round <= ROUNDS; round++) {
      for (const [index, one] of cases.entries()) {
        expect(said(events.get(consumerOf(round, index))), one.name).toEqual(
          expected(name, one, answers[index]!),
        )
      }
    }
  })

  test('every answer is that of the application without the preload', () => {
    const comparable = (answer: Answer, index: number): Answer =>
      varies || cases[index]!.varies === true ? withoutBody(answer) : answer
    expect(answers.map(comparable)).toEqual(bareAnswers.map(comparable))
  })

  // Deprecated properties of a framework warn whoever reads them.
  test('every warning is as well', () => {
    expect(warnings).toEqual(bareWarnings)
  })

  test('one event for each request, and all of them accounted for', () => {
    expect(strangers).toEqual([])
    expect(stats.captured).toBe(requests)
    expectClosed(stats)
  })
}

/** With the headers, but for the one that is made of the body. */
function withoutBody({ digest: _digest, headers, ...answer }: Answer): Answer {
  if (headers === undefined) return answer
  const { etag: _etag, ...others } = headers
  return { ...answer, headers: others }
}

function warningsIn({ stderr }: Ending): string[] {
  return [...new Set(stderr.match(/(?<=\(node:\d+\) ).*Warning: .*/g))].toSorted()
}

/** All cases one after the other; each round begins elsewhere, so that concurrent rounds mix them. */
export async function inTurn(cases: readonly Case[], app: App, round: number): Promise<Answer[]> {
  const answers: Answer[] = []
  for (let step = 0; step < cases.length; step++) {
    const index = (step + round * COPRIME_STEP) % cases.length
    answers[index] = await perform(app.origin, cases[index]!, consumerOf(round, index))
  }
  return answers
}

/** Spreads the rounds over the cases. */
const COPRIME_STEP = 7

function consumerOf(round: number, index: number): string {
  return `${round}/${index}`
}

/** The fields the contract speaks of; times belong to other tests. */
export function said(event: ApiEvent | undefined): Partial<ApiEvent> | undefined {
  if (event === undefined) return undefined
  const { response_time_ms: _time, timestamp: _timestamp, consumer_id: _consumer, ...fields } = event
  const { ttfb_ms: _ttfb, ...metadata } = fields.metadata ?? {}
  return { ...fields, metadata }
}

/** The event that a case must become. */
export function expected(framework: string, one: Case, answer: Answer): object {
  const [method, url] = one.ask.split(' ') as [string, string]
  const teller = 'framework' in one ? one.framework : framework
  return {
    method,
    path: one.route ?? url.split('?', 1)[0],
    status_code: one.status,
    request_size: Buffer.byteLength(one.body ?? ''),
    response_size: one.size ?? (one.leaves ? expect.any(Number) : answer.bytes),
    metadata: {
      ...(teller !== undefined && { framework: teller }),
      ...(one.operation !== undefined && { operation: one.operation }),
      ...(one.unmatched && { unmatched: true }),
      ...(one.protocol && { protocol: one.protocol }),
      ...(one.leaves && { outcome: 'aborted' }),
    },
  }
}

/** The common cases and the subject's own. */
export function casesOf(subject: Subject, version: string, pinned: Pinned): Case[] {
  const major = Number.parseInt(version, 10)
  const routes = subject.routes(major, pinned)
  const common = Object.entries(behaviours).map(([name, behaviour]): Case => {
    const route = name in routes ? { route: routes[name as Behaviour] } : {}
    const host = subject.host === undefined ? {} : { framework: subject.host }
    const unseen = subject.unseen?.includes(name as Behaviour) ? { framework: undefined } : {}
    return { name, ...behaviour, ...host, ...unseen, ...route }
  })
  return [...common, ...subject.cases(major, version, pinned)]
}

export interface Release {
  readonly directory: string
  readonly version: string
  readonly pinned: Pinned
  /** Some releases start on other versions of Node only; their fixture says so under `engines`. */
  readonly runsHere: boolean
}

export function releasesOf(subject: Subject): Release[] {
  return readdirSync(`${fixtures}/${subject.name}`)
    .filter((entry) => ALL_RELEASES || NEWEST_OF_MAJOR.test(entry))
    .map((entry) => `${fixtures}/${subject.name}/${entry}`)
    .filter((directory) => existsSync(`${directory}/package.json`))
    .map((directory) => {
      const { dependencies, engines } = manifestOf(directory)
      const version = dependencies[subject.package ?? subject.name]!
      const runsHere = engines === undefined || satisfies(versionUnderTest(), engines.node)
      return { directory, version, pinned: dependencies, runsHere }
    })
}

function manifestOf(directory: string): { dependencies: Pinned; engines?: { node: string } } {
  return JSON.parse(readFileSync(`${directory}/package.json`, 'utf8')) as ReturnType<typeof manifestOf>
}

function versionUnderTest(): string {
  const node = process.env['NODE_UNDER_TEST']
  return node === undefined
    ? process.versions.node
    : execFileSync(node, ['-p', 'process.versions.node']).toString().trim()
}
