import { checkEndpoint, shownEndpoint } from '../delivery/endpoint.ts'
import type { Config } from './config.ts'
import { nearest } from './nearest.ts'
import { table, type Variable } from './table.ts'
import { UnusableValue } from './values.ts'

export interface ParsedConfig {
  readonly config: Config
  /** One sentence for each value or name that cannot be used. */
  readonly complaints: readonly string[]
  /** Whether key and endpoint are such that events may be sent at all. */
  readonly usable: boolean
}

type Environment = Readonly<Record<string, string | undefined>>

/** Reads the environment by THE table. Never throws: what cannot be used becomes a complaint and the default. */
export function parseEnvironment(environment: Environment): ParsedConfig {
  const complaints: string[] = []
  const values: Partial<Record<keyof Config, unknown>> = {}
  for (const [key, variable] of Object.entries(table) as Array<[keyof Config, Variable<unknown>]>) {
    values[key] = readVariable(variable, environment, complaints)
  }
  complaints.push(...unknownNames(environment))
  const config = values as Config
  config.metadata = { ...metadataFromOpenTelemetry(environment), ...config.metadata }
  const endpoint = checkEndpoint(config.endpoint, { allowPrivate: config.allowPrivateEndpoint })
  // No default stands in for it: what is meant for one place must not go to another.
  if (!endpoint.ok)
    complaints.push(
      `${table.endpoint.name} "${shownEndpoint(config.endpoint)}" ${endpoint.reason}; nothing is captured`,
    )
  return { config, complaints, usable: endpoint.ok && config.apiKey !== undefined }
}

function readVariable(variable: Variable<unknown>, environment: Environment, complaints: string[]): unknown {
  const given = environment[variable.name]
  // An empty value is how shells and manifests say "not set".
  if (given === undefined || given.trim() === '') return variable.fallback
  try {
    return variable.parse(given)
  } catch (error) {
    if (!(error instanceof UnusableValue)) throw error
    complaints.push(
      `${variable.name}${quoted(variable, given)} ${error.message}; using the default (${variable.shown.replaceAll('`', '')})`,
    )
    return variable.fallback
  }
}

/** Enough to recognise a value by. */
const MAX_QUOTED_CHARACTERS = 80

function quoted(variable: Variable<unknown>, given: string): string {
  if (variable.secret === true || variable.secret?.test(given)) return ''
  // Control characters could rewrite the terminal that shows the line.
  return ` "${given
    .trim()
    .slice(0, MAX_QUOTED_CHARACTERS)
    .replaceAll(/[\x00-\x1f\x7f-\x9f]/g, '?')}"`
}

const PREFIX = 'PEEKAPI_'

function unknownNames(environment: Environment): string[] {
  const known = Object.values(table).map((variable) => variable.name)
  return Object.keys(environment)
    .filter((name) => name.startsWith(PREFIX) && !known.includes(name as `PEEKAPI_${string}`))
    .map((name) => `${name} is not a variable of ours; did you mean ${nearest(name, known)}?`)
}

/** Keys as OpenTelemetry's resource semantic conventions name them, and what PeekAPI calls them. */
const RESOURCE_ATTRIBUTES: ReadonlyMap<string, string> = new Map([
  ['service.name', 'service'],
  ['service.version', 'version'],
  ['deployment.environment.name', 'environment'],
  ['deployment.environment', 'environment'],
])

function metadataFromOpenTelemetry(environment: Environment): Record<string, string> {
  const found: Record<string, string> = {}
  for (const item of (environment['OTEL_RESOURCE_ATTRIBUTES'] ?? '').split(',')) {
    const equals = item.indexOf('=')
    if (equals === -1) continue
    const key = RESOURCE_ATTRIBUTES.get(item.slice(0, equals).trim())
    const value = percentDecoded(item.slice(equals + 1).trim())
    if (key !== undefined && value !== '') found[key] ??= value
  }
  const service = environment['OTEL_SERVICE_NAME']?.trim()
  if (service) found['service'] = service
  return found
}

/** OpenTelemetry writes attribute values percent-encoded (as W3C Baggage does). */
function percentDecoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}
