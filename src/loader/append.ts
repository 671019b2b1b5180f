/** Registered: the line runs in the application's realm, maybe in a thread where no hook of ours is. */
const REPORT = 'peekapi.imported'

/** Takes the namespace of an ES module that has just been evaluated. */
export type Report = (url: string, namespace: unknown) => void

/** Makes `report` known to the lines that `withReport` adds. */
export function receiveReports(report: Report): void {
  Object.defineProperty(globalThis, Symbol.for(REPORT), { value: report })
}

/**
 * The source of an ES module with a line at its end that hands out its own namespace: after its own code ran, before
 * anything that imports it does. Identity, live bindings and line numbers stay as they are.
 */
export function withReport(url: string, source: string | ArrayBuffer | NodeJS.TypedArray): string {
  const text = typeof source === 'string' ? source : Buffer.from(source as ArrayBuffer).toString()
  // A thread for loader hooks may serve several threads, each of which registered.
  if (text.includes(REPORT)) return text
  const name = JSON.stringify(url)
  return `${text}\n;import * as $peekapi from ${name};globalThis[Symbol.for('${REPORT}')]?.(${name},$peekapi);`
}
