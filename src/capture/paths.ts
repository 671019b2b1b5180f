import type { PathNaming } from './event.ts'

/** The path of a request URL: no query, no fragment, no origin. */
export function pathnameOf(url: string): string {
  const end = url.search(/[?#]/)
  const path = end === -1 ? url : url.slice(0, end)
  return path === '' ? '/' : path
}

export const plainPath: PathNaming = (url) => pathnameOf(url)
