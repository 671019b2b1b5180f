import { describe, expect, test } from 'vitest'
import { proxyFor, UnusableProxy } from '../../src/delivery/proxy.ts'

const PROXY = 'http://proxy.corp:3128'

/** Whether an endpoint is reached directly although a proxy is configured. */
const noProxy: ReadonlyArray<readonly [list: string, endpoint: string, direct: boolean]> = [
  ['', 'https://ingest.example.com/', false],
  ['*', 'https://ingest.example.com/', true],
  ['ingest.example.com', 'https://ingest.example.com/', true],
  ['INGEST.example.COM', 'https://ingest.example.com/', true],
  ['ingest.example.com', 'https://ingest.example.com./', true],
  ['example.com', 'https://ingest.example.com/', true],
  ['.example.com', 'https://ingest.example.com/', true],
  ['*.example.com', 'https://ingest.example.com/', true],
  ['.example.com', 'https://example.com/', true],
  ['ample.com', 'https://example.com/', false],
  ['ingest.example.com', 'https://example.com/', false],
  ['example.org, example.com', 'https://ingest.example.com/', true],
  ['example.org example.com', 'https://ingest.example.com/', true],
  [',, ,', 'https://ingest.example.com/', false],
  ['.', 'https://ingest.example.com/', false],
  ['example.com:443', 'https://ingest.example.com/', true],
  ['example.com:8443', 'https://ingest.example.com/', false],
  ['example.com:8443', 'https://ingest.example.com:8443/', true],
  ['example.com:80', 'http://ingest.example.com/', true],
  ['10.0.0.5', 'https://10.0.0.5/', true],
  ['10.0.0.5', 'https://10.0.0.55/', false],
  ['0.5', 'https://10.0.0.5/', false],
  ['10.0.0.5:443', 'https://10.0.0.5/', true],
  ['10.0.0.0/8', 'https://10.200.0.5/', true],
  ['10.0.0.0/16', 'https://10.200.0.5/', false],
  ['10.0.0.0/33', 'https://10.0.0.5/', false],
  ['10.0.0.0/x', 'https://10.0.0.5/', false],
  ['10.0.0.0/8', 'https://10.example.com/', false],
  ['fd00::5', 'https://[fd00::5]/', true],
  ['[fd00::5]', 'https://[fd00::5]/', true],
  ['fd00:0:0::5', 'https://[fd00::5]/', true],
  ['[fd00::5]:8443', 'https://[fd00::5]/', false],
  ['[fd00::5]:443', 'https://[fd00::5]/', true],
  ['fd00::/8', 'https://[fd12::1]/', true],
  ['fd00::/8', 'https://10.0.0.5/', false],
]

describe('NO_PROXY', () => {
  test.for(noProxy)('%j, %s: direct %s', ([list, endpoint, direct]) => {
    const environment = { HTTPS_PROXY: PROXY, HTTP_PROXY: PROXY, NO_PROXY: list }
    expect(proxyFor(new URL(endpoint), environment) === undefined).toBe(direct)
  })
})

test.for([
  ['https://host/', { HTTPS_PROXY: PROXY }, `${PROXY}/`],
  ['https://host/', { https_proxy: PROXY }, `${PROXY}/`],
  ['https://host/', { https_proxy: 'http://lower:1', HTTPS_PROXY: PROXY }, 'http://lower:1/'],
  ['https://host/', { https_proxy: ' ', HTTPS_PROXY: PROXY }, `${PROXY}/`],
  ['https://host/', { HTTP_PROXY: PROXY }, undefined],
  ['http://host/', { HTTP_PROXY: PROXY }, `${PROXY}/`],
  ['http://host/', { HTTPS_PROXY: PROXY }, undefined],
  ['https://host/', { HTTPS_PROXY: 'proxy.corp:3128' }, `${PROXY}/`],
  ['https://host/', { HTTPS_PROXY: 'https://proxy.corp' }, 'https://proxy.corp/'],
  ['https://host/', { HTTPS_PROXY: 'http://[fd00::1]:3128' }, 'http://[fd00::1]:3128/'],
  ['https://host/', { HTTPS_PROXY: PROXY, no_proxy: 'host', NO_PROXY: 'other' }, undefined],
  // Under CGI HTTP_PROXY comes from a request header.
  ['http://host/', { HTTP_PROXY: PROXY, REQUEST_METHOD: 'GET' }, undefined],
  ['http://host/', { http_proxy: PROXY, REQUEST_METHOD: 'GET' }, `${PROXY}/`],
  // On the proxy's machine these would be another host.
  ['https://localhost/', { HTTPS_PROXY: PROXY }, undefined],
  ['http://127.0.0.1/', { HTTP_PROXY: PROXY }, undefined],
  ['http://[::1]/', { HTTP_PROXY: PROXY }, undefined],
] as const)('%s with %j goes through %s', ([endpoint, environment, proxy]) => {
  expect(proxyFor(new URL(endpoint), environment)?.url.href).toBe(proxy)
})

test.for([
  ['http://user:secret@proxy/', 'user:secret'],
  ['http://user@proxy/', 'user:'],
  ['http://us%40er:p%3Aw%C3%A9@proxy/', 'us@er:p:wé'],
  ['http://user:100%@proxy/', 'user:100%'],
] as const)('credentials of %s', ([proxy, credentials]) => {
  const { authorization } = proxyFor(new URL('https://host/'), { HTTPS_PROXY: proxy })!
  expect(Buffer.from(authorization!.replace('Basic ', ''), 'base64').toString()).toBe(credentials)
})

test.for(['socks5://user:secret@proxy:1080', 'http://user:secret@pro xy/', 'http://'])(
  'a proxy that cannot be used is not gone around, and its password not shown: %s',
  (proxy) => {
    const find = (): unknown => proxyFor(new URL('https://host/'), { HTTPS_PROXY: proxy })
    expect(find).toThrow(UnusableProxy)
    expect(find).toThrow(/^HTTPS_PROXY (?!.*secret)/)
  },
)
