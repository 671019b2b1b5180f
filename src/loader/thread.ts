import type { InitializeHook, LoadHook } from 'node:module'
import { withReport } from './append.ts'
import { ObservedFiles } from './observed-files.ts'

/** Loader hooks where Node has them only in a thread of their own; built into `dist/loader.mjs`. */
let observed = new ObservedFiles([])

export const initialize: InitializeHook<readonly string[]> = (paths) => {
  observed = new ObservedFiles(paths)
}

export const load: LoadHook = async (url, context, next) => {
  const result = await next(url, context)
  if (result.format !== 'module' || result.source == null || observed.findUrl(url) === undefined)
    return result
  return { ...result, source: withReport(url, result.source) }
}
