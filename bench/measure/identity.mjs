import { Authority } from '../../test/support/certificates.ts'

let made

/** Of every server over TLS in this run. Made when it is first asked for: nothing else needs `openssl`. */
export function identity() {
  if (made === undefined) {
    const authority = new Authority()
    process.once('exit', () => authority.remove())
    made = { ...authority.sign('DNS:localhost,IP:127.0.0.1'), authority: authority.file }
  }
  return made
}
