import { describe, expect, test } from 'vitest'
import { isCatchAll, resolveRoute, type RouteSource } from '../../src/capture/route.ts'

/** Sources from the innermost to the outermost: framework and template. */
function chain(
  ...sources: Array<[framework: string, template: string | undefined]>
): RouteSource | undefined {
  return sources.reduceRight<RouteSource | undefined>(
    (outer, [framework, template]) => ({ framework, outer, template: () => template }),
    undefined,
  )
}

describe('the route that counts', () => {
  test.each<[string, Parameters<typeof chain>, number, string | undefined, string | undefined]>([
    ['nobody told anything', [], 200, undefined, undefined],
    ['one route', [['express', '/users/:id']], 200, 'express', '/users/:id'],
    ['one route that answers 404', [['express', '/users/:id']], 404, 'express', '/users/:id'],
    ['no route answered', [['express', undefined]], 401, 'express', undefined],
    [
      'the innermost of two',
      [
        ['koa', '/b/:c'],
        ['express', '/a/:b'],
      ],
      200,
      'koa',
      '/b/:c',
    ],
    [
      'a route outside of none',
      [
        ['koa', undefined],
        ['express', '/a/:b'],
      ],
      200,
      'express',
      '/a/:b',
    ],
    [
      'a route outside of a catch-all',
      [
        ['koa', '*'],
        ['express', '/a/:b'],
      ],
      200,
      'express',
      '/a/:b',
    ],
    [
      'a route inside of a catch-all',
      [
        ['koa', '/b/:c'],
        ['express', '/*'],
      ],
      404,
      'koa',
      '/b/:c',
    ],
    ['a catch-all that serves', [['express', '/{*any}']], 200, 'express', '/{*any}'],
    ['a catch-all that says 404', [['express', '/{*any}']], 404, 'express', undefined],
    [
      'a catch-all outside of none',
      [
        ['koa', undefined],
        ['express', '/*'],
      ],
      200,
      'express',
      '/*',
    ],
    [
      'the innermost of two catch-alls',
      [
        ['koa', '*'],
        ['express', '/*'],
      ],
      200,
      'koa',
      '*',
    ],
    [
      'none at all, named after the innermost',
      [
        ['koa', undefined],
        ['express', '*'],
      ],
      404,
      'koa',
      undefined,
    ],
  ])('%s', (_name, sources, status, framework, template) => {
    expect(resolveRoute(chain(...sources), status)).toEqual({ framework, template })
  })

  test('a source at fault costs the route and not the event', () => {
    const faulty: RouteSource = {
      framework: 'koa',
      outer: chain(['express', '/a/:b']),
      template: () => {
        throw new Error('fault')
      },
    }
    expect(resolveRoute(faulty, 200)).toEqual({ framework: 'express', template: '/a/:b' })
  })
})

const CATCH_ALLS = [
  ['path-to-regexp 0.1', '*', '/*', '/api/*', '(.*)', '/(.*)'],
  ['path-to-regexp 6', '/:rest(.*)', '/:rest*', '/:rest(.*)*'],
  ['path-to-regexp 8', '/*path', '*splat', '/{*any}', '/api/{*any}', '{/*any}'],
  ['hapi', '/{rest*}'],
  ['radix3', '**', '/**', '/**:path'],
  ['file names', '/blog/[...slug]', '/[[...slug]]'],
  ['regular expressions', '/.*/', '/^.*$/', String.raw`/^\/(.*)$/`, '/.*/i'],
]

const OTHERS = [
  ['plain', '/', '/users', '/users/:id', '/users/:id?', '/:id([0-9]+)', '/users{/:id}', '/{id}', '/[id]'],
  ['with a wildcard inside', '/a*', '/*/edit', '/pre-*', '/:a.*'],
  ['regular expressions', String.raw`/^\/rx\/(\d+)$/`, String.raw`/api/^\/x$/`],
]

test.each(CATCH_ALLS)('catch-alls of %s', (_grammar, ...templates) => {
  expect(templates.filter((template) => !isCatchAll(template))).toEqual([])
})

test.each(OTHERS)('no catch-alls: %s', (_kind, ...templates) => {
  expect(templates.filter(isCatchAll)).toEqual([])
})
