import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { joinPath, mountPath, pathTaken, type Paths, type Router } from '../../src/frameworks/express-path.ts'
import { root } from '../support/app.ts'

test.each<[string, string | RegExp, string]>([
  ['', '/', '/'],
  ['', '*', '*'],
  ['', /^\/rx\/(\d+)$/, String.raw`/^\/rx\/(\d+)$/`],
  ['/api', /^\/x$/, String.raw`/api/^\/x$/`],
  [String.raw`/\/rm\/(\d+)/`, '/in/:q', String.raw`/\/rm\/(\d+)/in/:q`],
  ['/orgs/:org', '/', '/orgs/:org'],
  ['/orgs/:org', '', '/orgs/:org'],
  ['/slash/', '/x/', '/slash/x/'],
  ['/api', '*', '/api/*'],
  ['/api', '/{*any}', '/api/{*any}'],
  ['/api', '{/:version}', '/api{/:version}'],
])('%j and %j make %j', (base, path, joined) => expect(joinPath(base, path)).toBe(joined))

test('a mount without a path is the root', () => {
  const handler = (): void => {}
  expect(mountPath(handler)).toBe('/')
  expect(mountPath([[handler]])).toBe('/')
  expect(mountPath('/a')).toBe('/a')
  expect(mountPath(['/a', /b/])).toEqual(['/a', /b/])
})

interface Express {
  Router(options: object): Router & { get(path: Paths, handler: () => void): void }
}

test.each(['4', '4.16', '5', '5.1'])(
  'a list of paths resolves by the options of its router, Express %s',
  (release) => {
    const express = createRequire(`${root}fixtures/express/${release}/app.cjs`)('express') as Express
    const taken = (options: object, paths: Paths, url: string): unknown => {
      const router = express.Router(options)
      router.get(paths, () => {})
      return pathTaken(router.stack[0]!, paths, router, url)
    }
    expect(taken({}, ['/a/:x', ['/b/:y'], /^\/c/], '/b/1')).toBe('/b/:y')
    expect(taken({}, ['/a/:x', ['/b/:y'], /^\/c/], '/c/1?d=/a/1')).toEqual(/^\/c/)
    expect(taken({}, ['/A/:x', '/a/:y'], '/a/1')).toBe('/A/:x')
    expect(taken({ caseSensitive: true }, ['/A/:x', '/a/:y'], '/a/1')).toBe('/a/:y')
    expect(taken({ strict: true }, ['/a/:x', '/a/:y/'], '/a/1/')).toBe('/a/:y/')
  },
)
