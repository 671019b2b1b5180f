import { parseArgs, type ParseArgsConfig } from 'node:util'
import { unknown, UsageError } from './usage-error.ts'

type Flags = Readonly<Record<string, { readonly type: 'boolean'; readonly short?: string }>>

/**
 * Reads flags by `node:util` parseArgs. Not in its strict mode: that throws texts of its own, without the
 * nearest known name.
 *
 * @throws UsageError for an option that is not known or has a value.
 */
export function readFlags<const Known extends Flags>(
  args: readonly string[],
  flags: Known,
): { readonly [Name in keyof Known]: boolean } {
  const options = flags as ParseArgsConfig['options'] & {}
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true })
  const given = new Set<string>()
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    if (!Object.hasOwn(flags, token.name)) throw unknown('option', token.rawName, spellings(flags))
    if (token.value !== undefined) throw new UsageError(`option ${token.rawName} takes no value`)
    given.add(token.name)
  }
  return Object.fromEntries(Object.keys(flags).map((name) => [name, given.has(name)])) as {
    [Name in keyof Known]: boolean
  }
}

/**
 * Splits what follows a subcommand into its own options and the command to run: all after `--`, or, as with
 * `env` and `nohup`, all from the first word on that is no option.
 */
export function splitCommand(args: readonly string[]): {
  own: readonly string[]
  command: readonly string[]
} {
  const start = args.findIndex((arg) => !arg.startsWith('-') || arg === '--')
  if (start === -1) return { own: args, command: [] }
  return { own: args.slice(0, start), command: args.slice(args[start] === '--' ? start + 1 : start) }
}

function spellings(flags: Flags): string[] {
  return Object.keys(flags).map((name) => `--${name}`)
}
