import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { tmpdir } from 'node:os'
import { expect } from 'vitest'
import type { ApiEvent } from '../../src/types/client.ts'
import { root, type Ending } from '../support/app.ts'
import { Ingest } from '../support/ingest.ts'
import { until } from '../support/until.ts'

const NODE = process.env['NODE_UNDER_TEST'] ?? process.execPath

/** A way to run a program, with nothing but environment variables to bring us in. */
export interface Shape {
  /** Default: node. Found on a PATH that begins with the Node under test. */
  readonly command?: string
  readonly args: readonly string[]
  readonly cwd?: string
  /** Standard input; it stays open where the program does not end by itself. */
  readonly input?: string
  /** In NODE_OPTIONS. Default `--import`. */
  readonly preload?: '--import' | '--require'
  /** NODE_OPTIONS as a whole, for a package that is elsewhere. */
  readonly options?: string
  readonly env?: Readonly<Record<string, string>>
  /** For what does not end by itself. */
  readonly until?: (events: readonly ApiEvent[]) => boolean
}

/** Runs it with and without us: what it prints and how it ends is the same, and the events are those of its requests. */
export async function expectShape({
  events,
  ...shape
}: Shape & { readonly events: readonly string[] }): Promise<void> {
  const ingest = await Ingest.start()
  const ours = await run(shape, preloadEnvironment(shape, ingest.url), () => ingest.events)
  if (shape.until === undefined) expect(ours).toEqual(await run(shape, {}, () => []))
  else expect(ours.stderr).toBe('')
  // Children that outlive their parent report when they end.
  await ingest.waitForEvents(events.length)
  await ingest.close()
  expect(ingest.events.map(({ path }) => path).toSorted()).toEqual(events)
}

/** Runs it with us, and no endpoint. */
export function onlyOurs(shape: Shape): Promise<Ending> {
  return run(shape, preloadEnvironment(shape, 'http://127.0.0.1:9'), () => [])
}

function preloadEnvironment(
  { preload = '--import', options, env }: Shape,
  endpoint: string,
): Record<string, string> {
  return {
    NODE_OPTIONS: options ?? `${preload} ${root}register.${preload === '--import' ? 'mjs' : 'cjs'}`,
    PEEKAPI_API_KEY: 'test-key',
    PEEKAPI_ENDPOINT: endpoint,
    PEEKAPI_FLUSH_INTERVAL: '100ms',
    PEEKAPI_STORAGE_PATH: 'none',
    PEEKAPI_NORMALIZE_PATHS: 'false',
    ...env,
  }
}

async function run(
  { command = NODE, args, cwd, input, until: over }: Shape,
  environment: Record<string, string>,
  events: () => readonly ApiEvent[],
): Promise<Ending> {
  const home = mkdtempSync(join(tmpdir(), 'shape-'))
  const child = spawn(command, args, {
    cwd: cwd ?? home,
    env: {
      PATH: `${dirname(NODE)}:${process.env['PATH'] ?? ''}`,
      HOME: home,
      TMPDIR: home,
      NO_COLOR: '1',
      ...environment,
    },
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  if (over === undefined) child.stdin.end(input)
  else child.stdin.write(input ?? '')
  const ended = new Promise<Pick<Ending, 'code' | 'signal'>>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal }))
  })
  if (over !== undefined) {
    await until(
      () => over(events()),
      () => `an event of ${command} ${args.join(' ')}\n${stderr}`,
      60_000,
    )
    child.kill()
  }
  const ending = { ...(await ended), stdout: comparable(stdout), stderr: comparable(stderr) }
  rmSync(home, { recursive: true, force: true, maxRetries: 10 })
  return ending
}

/** Without what differs between two runs of the same program. */
function comparable(output: string): string {
  return output
    .replaceAll(/\(node:\d+\)/g, '(node)')
    .replaceAll(/\d+(?:\.\d+)? ?m?s\b/g, 'some time')
    .replaceAll(/\d\d:\d\d:\d\d/g, 'a time')
    .replaceAll(/duration_ms \S+/g, 'duration_ms')
}
