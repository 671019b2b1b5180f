import { createRequire } from 'node:module'
import type { Piece, ServerPlan } from './plan.ts'

interface Bodies {
  chunkOf(piece: Piece): [string | Uint8Array, BufferEncoding?]
}

const { chunkOf } = createRequire(import.meta.url)('../../fixtures/wire/bodies.cjs') as Bodies

/** Bytes that the application hands to its answer, if nobody disturbs it. */
export function bodyBytes({ pieces }: ServerPlan): number {
  return pieces.reduce((sum, piece) => {
    const [chunk, encoding] = chunkOf(piece)
    return sum + (typeof chunk === 'string' ? Buffer.byteLength(chunk, encoding) : chunk.byteLength)
  }, 0)
}
