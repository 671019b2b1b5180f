import { normalizeSegment } from './segment.ts'

/** No API nests deeper with meaning; what follows is one `*`. */
const MAX_SEGMENTS = 10
/** As in segment.ts: letters only and shorter than this is a word. */
const MIN_SUSPECT_CHARACTERS = 16

const SLASH = 47

/** Files that a build or a designer named: one endpoint for each kind. */
const STATIC_EXTENSIONS: ReadonlySet<string> = new Set(
  'css js mjs cjs map png jpg jpeg gif svg webp avif ico bmp woff woff2 ttf otf eot mp3 mp4 webm ogg wav wasm br gz'.split(
    ' ',
  ),
)
const MAX_EXTENSION_CHARACTERS = 5

/**
 * The endpoint that a path without a framework route most likely stands for: `/users/42` → `/users/{id}`.
 * Time is linear in the first ten segments, each of which counts with at most 64 characters.
 *
 * @param pathname Without query and origin, as it stood in the request.
 */
export function normalizePath(pathname: string): string {
  if (pathname === '*' || isPlain(pathname)) return pathname
  if (isAuthority(pathname)) return '/{authority}'
  let length = pathname.length
  while (length > 0 && pathname.charCodeAt(length - 1) === SLASH) length--
  let normal = ''
  let segments = 0
  for (let start = 0, end: number; start < length; start = end + 1) {
    end = pathname.indexOf('/', start)
    if (end === -1 || end > length) end = length
    if (end === start) continue
    if (segments === MAX_SEGMENTS) return `${normal}/*`
    segments++
    const kind = end === length ? staticExtension(pathname, start, end) : undefined
    normal += `/${kind === undefined ? normalizeSegment(pathname.slice(start, end)) : `*.${kind}`}`
  }
  return normal === '' ? '/' : normal
}

/** Whether nothing has to change: a few short words. Most paths of most APIs; nothing is allocated for them. */
function isPlain(pathname: string): boolean {
  if (pathname.charCodeAt(0) !== SLASH) return false
  let segments = 1
  let start = 1
  for (let i = 1; i < pathname.length; i++) {
    const code = pathname.charCodeAt(i)
    if (code === SLASH) {
      if (i === start || i - start >= MIN_SUSPECT_CHARACTERS) return false
      start = i + 1
      segments++
    } else if (!((code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 45 || code === 95)) {
      return false
    }
  }
  const last = pathname.length - start
  return last < MIN_SUSPECT_CHARACTERS && (last > 0 || segments === 1) && segments <= MAX_SEGMENTS
}

/** The target of CONNECT: `example.com:443`. */
function isAuthority(target: string): boolean {
  return target.charCodeAt(0) !== SLASH && /^[^/]{1,255}:\d{1,5}$/.test(target)
}

/** The extension of a static file in the last segment, lower case. */
function staticExtension(pathname: string, start: number, end: number): string | undefined {
  const dot = pathname.lastIndexOf('.', end - 1)
  if (dot < start || end - dot - 1 > MAX_EXTENSION_CHARACTERS) return undefined
  const extension = pathname.slice(dot + 1, end).toLowerCase()
  return STATIC_EXTENSIONS.has(extension) ? extension : undefined
}
