import { table } from '../../src/config/table.ts'

/** The table of variables as README shows it, made of THE table. */
export function variablesMarkdown(): string {
  const rows = Object.values(table).map(({ name, shown, doc }) => `| \`${name}\` | ${shown} | ${doc} |`)
  return ['| variable | default | meaning |', '| --- | --- | --- |', ...rows].join('\n')
}
