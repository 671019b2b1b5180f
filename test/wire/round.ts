import type { ApiEvent } from '../../src/types/client.ts'
import { until } from '../support/until.ts'
import type { Account } from './account.ts'
import { differences, outcomeOf } from './compare.ts'
import type { StreamNames } from './http2-accountant.ts'
import { runHttp2 } from './http2-client.ts'
import { SECURE, type ConnectionPlan, type ExchangePlan } from './plan.ts'
import type { Proxy } from './proxy.ts'
import { runRaw } from './raw-client.ts'
import { runUpgrades } from './upgrade-client.ts'
import { Pools, runFetch, runHttp } from './real-clients.ts'

/** Connections that are open at once. */
const CONCURRENCY = 32
/** A hang must end as a message that says where. */
const PATIENCE_MS = 60_000

export interface World {
  readonly proxies: Record<ConnectionPlan['port'], Proxy>
  /** Events that have arrived and are not compared yet, by the id of their request. */
  readonly events: Map<string, ApiEvent[]>
  /** What clients of HTTP/2 tell of their streams. */
  readonly names: StreamNames
}

export type Counts = Readonly<Record<string, number>>

export interface Result {
  readonly compared: number
  /** How many exchanges ended in which way. */
  readonly outcomes: Counts
  /** How many went to which of the servers, and how many asked to leave HTTP. */
  readonly ways: Counts
  /** All that is needed to understand each of them, as JSON. */
  readonly mismatches: string[]
}

/** Runs the plans and compares. */
export async function runRound(plans: readonly ConnectionPlan[], world: World): Promise<Result> {
  await runAll(plans, world)
  const proxies = Object.values(world.proxies)
  const busy = (): number => proxies.reduce((sum, proxy) => sum + proxy.busy, 0)
  await until(
    () => busy() === 0,
    () => `the end of ${busy()} connections`,
    PATIENCE_MS,
  )
  const accounts = proxies.flatMap((proxy) => proxy.take()).filter(({ id }) => id !== undefined)
  const missing = (): Account[] => accounts.filter(({ id }) => !world.events.has(id ?? ''))
  // An event that never comes is a finding, not a hang.
  await until(
    () => missing().length === 0,
    () => '',
    PATIENCE_MS / 3,
  ).catch(() => {})
  return compareAll(plans, accounts, world.events)
}

async function runAll(plans: readonly ConnectionPlan[], { proxies, names }: World): Promise<void> {
  const pools = new Pools()
  const queue = [...plans]
  let stuck: ConnectionPlan | undefined
  const worker = async (): Promise<void> => {
    for (let plan = queue.pop(); plan !== undefined; plan = queue.pop()) {
      const timer = setTimeout((hung) => (stuck ??= hung), PATIENCE_MS, plan)
      const { port } = proxies[plan.port]
      if (plan.client === 'raw') await runRaw(plan, port)
      else if (plan.client === 'http') await runHttp(plan, port, pools)
      else if (plan.client === 'upgrade') await runUpgrades(plan, port)
      else if (plan.client === 'http2') await runHttp2(plan, port, names)
      else await runFetch(plan, port)
      clearTimeout(timer)
    }
  }
  let done = false
  const all = Promise.all(Array.from({ length: CONCURRENCY }, worker)).then(() => (done = true))
  await Promise.race([
    all,
    until(
      () => done || stuck !== undefined,
      () => 'clients',
      10 * PATIENCE_MS,
    ),
  ])
  pools.destroy()
  if (stuck !== undefined) throw new Error(`hangs: ${JSON.stringify(stuck)}`)
}

interface Planned {
  readonly plan: ExchangePlan | undefined
  readonly way: string
  readonly secure: boolean
}

const NOT_PLANNED: Planned = { plan: undefined, way: 'unknown', secure: false }

function compareAll(
  plans: readonly ConnectionPlan[],
  accounts: readonly Account[],
  events: Map<string, ApiEvent[]>,
): Result {
  const planned = new Map<string, Planned>()
  for (const { client, port, exchanges } of plans)
    for (const plan of exchanges)
      planned.set(plan.id, { plan, way: client === 'upgrade' ? 'upgrades' : port, secure: SECURE.has(port) })
  const mismatches: string[] = []
  const outcomes: Record<string, number> = {}
  const ways: Record<string, number> = {}
  for (const account of accounts) {
    const outcome = outcomeOf(account) ?? 'completed'
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    const { plan, way, secure } = planned.get(account.id ?? '') ?? NOT_PLANNED
    ways[way] = (ways[way] ?? 0) + 1
    const [event, ...more] = events.get(account.id ?? '') ?? []
    events.delete(account.id ?? '')
    const wrong =
      plan === undefined || event === undefined
        ? ['no event']
        : more.length > 0
          ? [`${more.length + 1} events`]
          : differences(plan, account, event, secure)
    if (wrong.length > 0) mismatches.push(JSON.stringify({ wrong, plan, account, event }))
  }
  for (const [id, left] of events)
    mismatches.push(JSON.stringify({ wrong: ['no exchange'], id, events: left }))
  events.clear()
  return { compared: accounts.length, outcomes, ways, mismatches }
}
