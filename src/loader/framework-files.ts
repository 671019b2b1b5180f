import type { Exchange } from '../capture/exchange.ts'
import type { Framework } from '../frameworks/framework.ts'

type Files = typeof import('../frameworks/files.ts')

interface Surroundings {
  readonly debug: boolean
  /** The exchange whose handlers run now. */
  readonly underWay: () => Exchange | undefined
}

let surroundings: Surroundings | undefined
let files: Files | undefined

/** What the frameworks' files will be told when the first of them is needed. */
export function surroundFrameworks(told: Surroundings): void {
  surroundings = told
}

export function frameworkFiles(): Files {
  if (files !== undefined) return files
  files = require('./frameworks.cjs') as Files
  if (surroundings !== undefined) {
    files.setDebug(surroundings.debug)
    files.answerBy(surroundings.underWay)
  }
  return files
}

export function loadFramework(name: string): Framework {
  return frameworkFiles().load(name)
}
