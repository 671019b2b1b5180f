import { readFileSync, statSync } from 'node:fs'
import type { SecureContext } from 'node:tls'
import { builtin } from '../builtin.ts'
import { warnOnce } from '../log.ts'
import type { TlsOptions } from '../types/client.ts'
import type { Environment } from './proxy.ts'

type Tls = typeof import('node:tls')
type Crypto = typeof import('node:crypto')
type Certificate = string | Uint8Array

export interface TrustOptions {
  /** `PEEKAPI_CA_FILE`. */
  readonly caFile?: string | undefined
  readonly tlsOptions?: TlsOptions | undefined
  readonly environment: Environment
}

/** All the certificate authorities of a distribution are about 200 KB. */
const MAX_CA_FILE_BYTES = 4 * 1024 * 1024

/**
 * What the connection to the endpoint trusts and presents, or undefined for Node's own defaults. Made once:
 * with `ca` in the connection's options Node would parse all authorities again for each connection.
 *
 * @throws When `tlsOptions` cannot be used.
 */
export function secureContextFor({
  caFile,
  tlsOptions,
  environment,
}: TrustOptions): SecureContext | undefined {
  const extra = [...(caFile === undefined ? [] : authoritiesIn(caFile)), ...listOf(tlsOptions?.ca)]
  const { cert, key } = tlsOptions ?? {}
  if (extra.length === 0 && cert === undefined && key === undefined) return undefined
  const tls = builtin<Tls>('node:tls')
  return tls.createSecureContext({
    // `ca` stands instead of the default authorities, so they are named too.
    ...(extra.length === 0 ? {} : { ca: [...defaultAuthorities(tls, environment), ...extra].map(native) }),
    ...(cert === undefined ? {} : { cert: native(cert) }),
    ...(key === undefined ? {} : { key: native(key) }),
  })
}

function listOf(ca: TlsOptions['ca']): readonly Certificate[] {
  return ca === undefined ? [] : Array.isArray(ca) ? ca : [ca]
}

function native(pem: Certificate): string | Buffer {
  return typeof pem === 'string' ? pem : Buffer.from(pem)
}

/** With the system's and `NODE_EXTRA_CA_CERTS`, which Node before 22.15 does not tell. */
function defaultAuthorities(tls: Tls, environment: Environment): readonly string[] {
  if (tls.getCACertificates !== undefined) return tls.getCACertificates('default')
  const extra = environment['NODE_EXTRA_CA_CERTS']
  return [...tls.rootCertificates, ...(extra ? attempt(() => certificatesIn(extra), []) : [])]
}

function authoritiesIn(path: string): readonly string[] {
  return attempt(
    () => certificatesIn(path),
    [],
    (fault) =>
      warnOnce(
        'ca file',
        `PEEKAPI_CA_FILE "${path}" cannot be used (${(fault as NodeJS.ErrnoException).code ?? (fault as Error).message}); going on with the default certificate authorities`,
      ),
  )
}

const PEM = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----.+?-----END (?:TRUSTED |X509 )?CERTIFICATE-----/gs

/** @throws When there is none: OpenSSL ignores what it cannot read, and the complaint would be an obscure one later. */
function certificatesIn(path: string): readonly string[] {
  const file = statSync(path)
  // Reading a pipe would block the application.
  if (!file.isFile()) throw new Error('not a regular file')
  if (file.size > MAX_CA_FILE_BYTES) throw new Error(`longer than ${MAX_CA_FILE_BYTES} bytes`)
  const certificates = readFileSync(path, 'latin1').match(PEM) ?? []
  if (certificates.length === 0) throw new Error('no PEM certificate in it')
  const { X509Certificate } = builtin<Crypto>('node:crypto')
  return certificates.map((pem) => new X509Certificate(pem).toString())
}

function attempt<T>(action: () => T, otherwise: T, failed?: (fault: unknown) => void): T {
  try {
    return action()
  } catch (fault) {
    failed?.(fault)
    return otherwise
  }
}
