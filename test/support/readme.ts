import { readFileSync } from 'node:fs'
import type { Registration } from '../../src/frameworks/framework.ts'
import { root } from './app.ts'

/** What README.md says between `<!-- name -->` and `<!-- /name -->`. */
export function readmeSection(name: string): string {
  const readme = readFileSync(`${root}README.md`, 'utf8')
  const [, section] = readme.split(`<!-- ${name} -->`, 2)
  const [content, rest] = section?.split(`<!-- /${name} -->`, 2) ?? []
  if (content === undefined || rest === undefined) throw new Error(`README.md has no section "${name}"`)
  return content.trim()
}

/** The table of frameworks that README.md must show, from the registry. */
export function frameworkTable(registry: readonly Registration[]): string {
  return [
    '| framework | releases | observed by |',
    '| --- | --- | --- |',
    ...registry.map(({ name, supported, observed }) => `| ${name} | ${supported} | ${observed} |`),
  ].join('\n')
}
