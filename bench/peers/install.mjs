// Installs the peers, each from its own lockfile: node bench/peers/install.mjs
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installFixture } from '../../fixtures/install.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))
for (const peer of readdirSync(here, { withFileTypes: true })) {
  if (peer.isDirectory()) await installFixture(join(here, peer.name))
}
