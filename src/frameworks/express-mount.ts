import type { Layer, Paths, Router } from './express-path.ts'

/** What is read of a layer that has forgotten its path. */
interface CompiledLayer extends Layer {
  /** From router 2.3 on it has not. */
  readonly rawPath?: Paths
  /** Express 4. */
  readonly regexp?: RegExp
  params?: Readonly<Record<string, string | undefined>> | undefined
  path?: string | undefined
  keys?: ReadonlyArray<{ readonly name: string | number }> | undefined
  match(path: string): unknown
}

/** Stands in the regular expressions that Express 4 makes of mounts. */
const MADE = '(?=\\/|$)'

/** Fit parameters of most kinds, and are in no URL. */
const PROBES = ['peekapi-probe', '90417762513'] as const

/**
 * The path that a layer was mounted on, found out from what it was compiled to, for applications whose Express was
 * not seen as it loaded. What a parameter is restricted to cannot be told that way, nor the case of what is no parameter.
 *
 * @param concrete The part of the URL that the layer took.
 */
export function compiledMount(layer: Layer, router: Router, concrete: string): Paths {
  const { rawPath, regexp } = layer as CompiledLayer
  if (rawPath !== undefined) return rawPath
  if (concrete === '') return '/'
  const literal = router.caseSensitive === true ? concrete : concrete.toLowerCase()
  if (regexp === undefined) return probed(layer as CompiledLayer, literal)
  return regexp.source.includes(MADE) ? captured(layer as CompiledLayer, regexp, literal) : regexp
}

const located = new WeakMap<RegExp, RegExp>()

/** Express 4: the regular expression shows where each parameter is. */
function captured({ keys = [] }: CompiledLayer, regexp: RegExp, literal: string): string {
  let locating = located.get(regexp)
  if (locating === undefined) located.set(regexp, (locating = new RegExp(regexp.source, `${regexp.flags}d`)))
  const places = locating.exec(literal)?.indices?.slice(1) ?? []
  let text = ''
  let end = 0
  for (const [index, place] of places.entries()) {
    if (place === undefined || place[0] < end) continue
    const name = keys[index]?.name
    text += literal.slice(end, place[0]) + (typeof name === 'string' ? `:${name}` : '*')
    end = place[1]
  }
  return text + literal.slice(end)
}

/** Routers 2.0 to 2.2 show nothing: puts a probe in the place of each segment in turn: where a parameter then holds it, that segment is the parameter. */
function probed(layer: CompiledLayer, concrete: string): string {
  const { params, path, keys } = layer
  try {
    const segments = concrete.split('/')
    const names = segments.map((_, index) => nameAt(layer, segments, index))
    const values = Object.entries(paramsOf(layer, concrete)).filter(([name]) => !names.includes(`:${name}`))
    return segments.map((segment, index) => names[index] ?? withNames(segment, values)).join('/')
  } finally {
    // The layer keeps what it matched, and other requests may be between their match and its use.
    Object.assign(layer, { params, path, ...(keys !== undefined && { keys }) })
  }
}

function nameAt(layer: CompiledLayer, segments: readonly string[], index: number): string | undefined {
  if (segments[index] === '') return undefined
  for (const probe of PROBES) {
    const found = Object.entries(paramsOf(layer, segments.with(index, probe).join('/'))).find(
      ([, value]) => value === probe,
    )
    if (found !== undefined) return `:${found[0]}`
  }
  return undefined
}

function paramsOf(layer: CompiledLayer, path: string): Readonly<Record<string, string | undefined>> {
  return layer.match(path) ? (layer.params ?? {}) : {}
}

/** A parameter that is part of a segment, or takes few values: by the value that it has. */
function withNames(segment: string, values: ReadonlyArray<[string, string | undefined]>): string {
  let text = segment
  for (const [name, value] of values) {
    if (value !== undefined && value !== '') text = text.replace(encodeURIComponent(value), `:${name}`)
  }
  return text
}
