import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../support/app.ts'

const directory = join(root, 'fixtures/nodes')

export interface Release {
  readonly version: string
  /** The executable. */
  readonly file: string
}

/** The Nodes under the matrix, as pinned: the first and the newest release of each line. */
export const releases: readonly Release[] = Object.keys(
  (
    JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as {
      optionalDependencies: Record<string, string>
    }
  ).optionalDependencies,
).map((name) => ({
  version: name.replace('node-', ''),
  file: join(directory, 'node_modules', name, 'bin/node'),
}))
