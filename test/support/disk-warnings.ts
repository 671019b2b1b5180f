import type { App } from './app.ts'
import { until } from './until.ts'

/** What a person reads about the disk. */
export function warnings(app: App): string[] {
  return app.stderr.split('\n').filter((line) => line.includes('cannot keep events on disk'))
}

export async function warned(app: App, reason: string): Promise<void> {
  await until(
    () => warnings(app).some((line) => line.includes(reason)),
    () => `a warning of ${reason}; got ${app.stderr}`,
  )
}
