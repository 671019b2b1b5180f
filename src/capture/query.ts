/**
 * The query of a request URL with its parameters sorted by name, as `?a=1&b=2`; empty without one.
 * The encoding stays as it came, and so does the order of parameters with the same name: it can have meaning.
 */
export function sortedQuery(url: string): string {
  const start = url.indexOf('?')
  if (start === -1) return ''
  const fragment = url.indexOf('#')
  // A question mark in a fragment starts no query.
  if (fragment !== -1 && fragment < start) return ''
  const query = url.slice(start + 1, fragment === -1 ? undefined : fragment)
  const parameters = query.split('&').filter((parameter) => parameter !== '')
  if (parameters.length === 0) return ''
  return `?${parameters.toSorted(byName).join('&')}`
}

function byName(a: string, b: string): number {
  const nameA = nameOf(a)
  const nameB = nameOf(b)
  if (nameA === nameB) return 0
  return nameA < nameB ? -1 : 1
}

function nameOf(parameter: string): string {
  const equals = parameter.indexOf('=')
  return equals === -1 ? parameter : parameter.slice(0, equals)
}
