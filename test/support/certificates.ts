import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Identity {
  readonly key: string
  readonly cert: string
}

/** A certificate authority of the test's own, and what it signs. Made by `openssl`, which CI machines have. */
export class Authority {
  readonly directory: string = mkdtempSync(join(tmpdir(), 'peekapi-ca-'))
  readonly file: string = join(this.directory, 'ca.pem')

  constructor() {
    this.#openssl(
      'req',
      '-x509',
      ...NEW_KEY,
      'ca.key',
      '-out',
      'ca.pem',
      '-days',
      '2',
      '-subj',
      '/CN=Test CA',
    )
  }

  get pem(): string {
    return readFileSync(this.file, 'utf8')
  }

  /** @param names As in subjectAltName: `DNS:localhost`, `IP:127.0.0.1`. */
  sign(names: string, days: number = 2): Identity {
    this.#openssl(
      'req',
      ...NEW_KEY,
      'leaf.key',
      '-out',
      'leaf.csr',
      '-subj',
      '/CN=leaf',
      '-addext',
      `subjectAltName=${names}`,
    )
    const issuer = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-copy_extensions', 'copy']
    this.#openssl('x509', '-req', '-in', 'leaf.csr', ...issuer, '-days', String(days), '-out', 'leaf.pem')
    return { key: this.#read('leaf.key'), cert: this.#read('leaf.pem') }
  }

  /** Signed by nobody but itself. */
  selfSigned(names: string): Identity {
    const name = ['-subj', '/CN=self', '-addext', `subjectAltName=${names}`]
    this.#openssl('req', '-x509', ...NEW_KEY, 'self.key', '-out', 'self.pem', '-days', '2', ...name)
    return { key: this.#read('self.key'), cert: this.#read('self.pem') }
  }

  remove(): void {
    rmSync(this.directory, { recursive: true })
  }

  #read(file: string): string {
    return readFileSync(join(this.directory, file), 'utf8')
  }

  #openssl(...args: readonly string[]): void {
    execFileSync('openssl', args, { cwd: this.directory, stdio: 'pipe' })
  }
}

/** Elliptic: a key is there at once. The file's name follows. */
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout'] as const
