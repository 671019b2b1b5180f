/** Select Graphic Rendition codes, only of the sixteen colours that every terminal's theme defines. */
const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const

export type Style = keyof typeof CODES

/** Styles a text, or leaves it as it is where nobody wants colours. */
export type Paint = (style: Style, text: string) => string

export const plain: Paint = (_style, text) => text

const colored: Paint = (style, text) => `\u001B[${CODES[style]}m${text}\u001B[0m`

/** NO_COLOR and FORCE_COLOR as no-color.org and force-color.org define them; NO_COLOR has the last word. */
export function paintFor(stream: { isTTY?: boolean }, environment: NodeJS.ProcessEnv): Paint {
  const given = (name: string): boolean => (environment[name] ?? '') !== ''
  if (given('NO_COLOR')) return plain
  if (given('FORCE_COLOR')) return environment['FORCE_COLOR'] === '0' ? plain : colored
  return stream.isTTY === true && environment['TERM'] !== 'dumb' ? colored : plain
}

export function styleOfStatus(status: number): Style {
  if (status >= 500) return 'red'
  if (status >= 400) return 'yellow'
  return status >= 300 || status < 200 ? 'cyan' : 'green'
}
