import { join } from 'node:path'
import { MemoryStore } from '../collector/memory-store.ts'
import { Collector } from '../collector/server.ts'
import type { Summary } from '../collector/store.ts'
import { endAs, run, type Ending } from './child.ts'
import { environmentFor } from './environment.ts'
import { DEV_HELP } from './help.ts'
import { liveLine } from './live.ts'
import { readFlags, splitCommand } from './options.ts'
import { paintFor, type Paint } from './style.ts'
import { table } from './table.ts'
import { printable } from './text.ts'
import { UsageError } from './usage-error.ts'

/** Processes that outlive the command keep their connections; nobody wants to wait for them. */
const SETTLE_TIMEOUT_MS = 1000
/** Beside the directory that the build puts this file in. */
const PRELOAD = join(__dirname, '..', 'register.mjs')

const FLAGS = {
  help: { type: 'boolean', short: 'h' },
  quiet: { type: 'boolean', short: 'q' },
  json: { type: 'boolean' },
} as const

interface Terminal {
  readonly write: (text: string) => void
  readonly paint: Paint
  readonly columns: number | undefined
}

/** `peekapi dev`: a command under the preload, its traffic live, a table of it at the end. */
export async function dev(args: readonly string[]): Promise<void> {
  const { own, command } = splitCommand(args)
  const flags = readFlags(own, FLAGS)
  if (flags.help) return void process.stdout.write(DEV_HELP)
  if (command.length === 0) throw new UsageError('dev needs a command to run: peekapi dev -- node app.js')

  const terminal = openTerminal()
  const live = !flags.quiet && !flags.json
  const store = new MemoryStore()
  const collector = await Collector.listen({
    store,
    onEvents: (events) => {
      if (live) terminal.write(events.map((event) => `${liveLine(event, terminal.paint)}\n`).join(''))
    },
  })
  if (live)
    terminal.write(`${terminal.paint('dim', 'peekapi dev · every request, and a table at the end')}\n`)
  const ending = await run(
    command,
    environmentFor(process.env, { preload: PRELOAD, endpoint: collector.endpoint }),
  )
  await collector.settled(SETTLE_TIMEOUT_MS)
  const summary = await store.summarize()
  await collector.close()
  if ('failure' in ending) terminal.write(`peekapi: ${whyNotStarted(command[0]!, ending.failure)}\n`)
  else terminal.write(flags.json ? `${JSON.stringify(summary)}\n` : report(summary, ending, terminal))
  endAs(ending)
}

function report(summary: Summary, ending: Ending, { paint, columns }: Terminal): string {
  const cause = 'signal' in ending ? `\n${paint('dim', `ended by ${ending.signal}`)}\n` : '\n'
  return cause + table(summary, paint, columns)
}

function whyNotStarted(command: string, { code }: NodeJS.ErrnoException): string {
  const name = printable(command)
  if (code === 'ENOENT') return `command not found: ${name}`
  return code === 'EACCES' ? `not executable: ${name}` : `cannot run ${name}: ${code}`
}

/** On stderr: stdout belongs to the command. */
function openTerminal(): Terminal {
  const { stderr } = process
  // A reader that is gone (`2>&1 | head`) ends the lines, not the command.
  stderr.on('error', () => {})
  return {
    write: (text) => void stderr.write(text),
    paint: paintFor(stderr, process.env),
    columns: stderr.isTTY ? stderr.columns : undefined,
  }
}
