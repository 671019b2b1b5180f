import { pathToFileURL } from 'node:url'

/** The endpoint wants one; it goes no further than this machine. */
const DEV_API_KEY = 'peekapi-dev'
/** Short enough to look live, long enough that requests of a moment travel together. */
const DEV_FLUSH_INTERVAL = '200ms'

/**
 * The environment of the command: the user's own, with the preload and the way to the collector.
 *
 * @param preload Path of the package's `register.mjs`.
 */
export function environmentFor(
  inherited: NodeJS.ProcessEnv,
  { preload, endpoint }: { readonly preload: string; readonly endpoint: string },
): NodeJS.ProcessEnv {
  return {
    ...inherited,
    NODE_OPTIONS: withImport(inherited['NODE_OPTIONS'], preload),
    PEEKAPI_ENDPOINT: endpoint,
    PEEKAPI_API_KEY: given(inherited['PEEKAPI_API_KEY']) ?? DEV_API_KEY,
    PEEKAPI_FLUSH_INTERVAL: given(inherited['PEEKAPI_FLUSH_INTERVAL']) ?? DEV_FLUSH_INTERVAL,
    // With a disk the run could deliver, to this collector, what earlier runs left for another endpoint.
    PEEKAPI_STORAGE_PATH: given(inherited['PEEKAPI_STORAGE_PATH']) ?? 'none',
  }
}

/** As a URL, because NODE_OPTIONS is split at blanks: in a URL they are percent-encoded, quotation marks too. */
function withImport(options: string | undefined, preload: string): string {
  const added = `--import ${pathToFileURL(preload).href}`
  return given(options) === undefined ? added : `${options} ${added}`
}

/** An empty value is how shells say "not set". */
function given(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === '' ? undefined : value
}
