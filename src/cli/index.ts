#!/usr/bin/env node
import { VERSION } from '../version.ts'
import { dev } from './dev.ts'
import { MAIN_HELP } from './help.ts'
import { readFlags } from './options.ts'
import { unknown, UsageError } from './usage-error.ts'

const USAGE_EXIT_CODE = 2

const COMMANDS: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = { dev }

const FLAGS = {
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const

async function main(args: readonly string[]): Promise<void> {
  const [first] = args
  if (first !== undefined && !first.startsWith('-')) {
    if (!Object.hasOwn(COMMANDS, first)) throw unknown('command', first, Object.keys(COMMANDS))
    return COMMANDS[first]!(args.slice(1))
  }
  const flags = readFlags(args, FLAGS)
  if (flags.version) process.stdout.write(`${VERSION}\n`)
  else if (flags.help) process.stdout.write(MAIN_HELP)
  else {
    process.stderr.write(MAIN_HELP)
    process.exitCode = USAGE_EXIT_CODE
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  if (error instanceof UsageError) {
    process.stderr.write(`peekapi: ${error.message}\n`)
    process.exitCode = USAGE_EXIT_CODE
    return
  }
  process.stderr.write(`peekapi: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
