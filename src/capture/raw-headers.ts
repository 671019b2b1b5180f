import type { RequestHead } from './exchange.ts'

/**
 * A header as it came over the wire, repeated ones joined. Not from `request.headers`: applications delete
 * from it what they have checked (credentials above all), and reading it builds the whole object.
 *
 * @param name In lower case.
 */
export function rawHeader(request: RequestHead, name: string): string | undefined {
  const { rawHeaders } = request
  // Requests that adapters make up from other events often come without.
  if (rawHeaders === undefined || rawHeaders.length === 0) return joined(request.headers[name], name)
  let value: string | undefined
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const candidate = rawHeaders[i]!
    if (candidate.length !== name.length || candidate.toLowerCase() !== name) continue
    value = value === undefined ? rawHeaders[i + 1]! : joined([value, rawHeaders[i + 1]!], name)
  }
  return value
}

function joined(values: string | string[] | undefined, name: string): string | undefined {
  return Array.isArray(values) ? values.join(name === 'cookie' ? '; ' : ', ') : values
}
