import type { Reply, Script } from './ingest.ts'

const BROKEN: ReadonlySet<string> = new Set(['before', 'after', 'never'])

/**
 * Reads a script of replies: `503*5 before never 429:2 202`. Each word is one reply: a status, with seconds of
 * `Retry-After` behind a colon, or a way not to answer; `*n` repeats it, `+ms` delays it. The last one stays.
 */
export function scriptOf(words: readonly string[]): Script {
  const replies = words.flatMap(repliesOf)
  return (n) => replies[Math.min(n, replies.length - 1)] ?? { status: 202 }
}

function repliesOf(word: string): Reply[] {
  const { kind, after, delay, times } =
    /^(?<kind>\w+)(?::(?<after>\d+))?(?:\+(?<delay>\d+))?(?:\*(?<times>\d+))?$/.exec(word)?.groups ?? {}
  const delayMs = delay === undefined ? {} : { delayMs: Number(delay) }
  const repeated = (reply: Reply): Reply[] =>
    Array.from({ length: Number(times ?? 1) }, () => ({ ...reply, ...delayMs }))
  if (BROKEN.has(kind ?? '')) return repeated({ broken: kind as NonNullable<Reply['broken']> })
  const status = Number(kind)
  if (!(status >= 200 && status <= 599))
    throw new Error(`${word} is no reply; try 202, 503*5, 429:2, 202+1000, before, after or never`)
  return repeated({ status, ...(after === undefined ? {} : { headers: { 'retry-after': after } }) })
}
