import { debug } from '../log.ts'

/** Compares by numbers only; `5.0.0-beta.1` counts as 5.0.0, because a framework's beta already has its shape. */
function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < 3; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

function numbers(version: string): number[] {
  return version.split(/[-+]/, 1)[0]!.split('.').map(Number)
}

/**
 * Whether a version lies in a range of the registry: comparisons joined by blanks, `>=4.16 <6`.
 * The semver package is eight times the size of everything else the loader needs.
 */
export function satisfies(version: string, range: string): boolean {
  const found = numbers(version)
  return range.split(' ').every((comparison) => {
    const [, operator, bound] = /^(>=|<)([\d.]+)$/.exec(comparison) ?? []
    if (operator === undefined)
      throw new TypeError(`"${comparison}" is not a comparison such as >=4.16 or <6`)
    const order = compare(found, numbers(bound!))
    return operator === '>=' ? order >= 0 : order < 0
  })
}

const told = new Set<string>()
const leftAlone = new Set<string>()

/**
 * Whether a framework has a version that it was tested with. The others are left alone, which is said, once:
 * some show themselves with every instance, or in every file.
 */
export function isTested(framework: string, packageName: string, version: unknown, range: string): boolean {
  if (typeof version === 'string' && satisfies(version, range)) return true
  const found = typeof version === 'string' ? version : 'of unknown version'
  const message = `${framework}: ${packageName} ${found} is outside the tested range ${range}; its requests are captured by path`
  if (!told.has(message)) debug(() => message)
  told.add(message)
  leftAlone.add(framework)
  return false
}

/** Whether a release of a framework showed itself that it was not tested with. */
export function isLeftAlone(framework: string): boolean {
  return leftAlone.has(framework)
}
