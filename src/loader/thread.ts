import type { InitializeHook, LoadHook } from 'node:module'
import { isObserved, withReport } from './append.ts'

/** Loader hooks where Node has them only in a thread of their own; built into `dist/loader.mjs`. */
let observed: ReadonlySet<string> = new Set()

export const initialize: InitializeHook<readonly string[]> = (paths) => {
  observed = new Set(paths)
}

export const load: LoadHook = async (url, context, next) => {
  const result = await next(url, context)
  if (result.format !== 'module' || result.source == null || !isObserved(observed, url)) return result
  return { ...result, source: withReport(url, result.source) }
}
