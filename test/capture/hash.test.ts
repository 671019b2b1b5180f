import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { hashed, rememberedSecrets } from '../../src/capture/hash.ts'

/** Two generations of 256. */
const MAX_REMEMBERED = 512

test('hashes of any number of secrets are right, and only the latest are remembered', () => {
  const rightly = (secret: string): string =>
    `hash_${createHash('sha256').update(secret).digest('hex').slice(0, 12)}`
  for (let n = 0; n < 2000; n++) {
    // One caller among strangers is not forgotten for them; a stranger who comes back is hashed again.
    for (const secret of ['regular', `stranger ${n}`, `stranger ${n % 700}`])
      expect(hashed(secret)).toBe(rightly(secret))
    expect(rememberedSecrets()).toBeLessThanOrEqual(MAX_REMEMBERED)
  }
  expect(rememberedSecrets()).toBeGreaterThan(MAX_REMEMBERED / 2)
})
