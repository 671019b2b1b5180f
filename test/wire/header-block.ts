/** Statuses that have an entry of their own in HPACK's static table, from index 8. */
const INDEXED = [200, 204, 206, 304, 400, 404, 500]
const FIRST_INDEX = 8
/** A literal whose name is `:status`: to be kept, not to be kept, never to be kept. */
const LITERALS = new Set([0x48, 0x08, 0x18])

/**
 * The status that a header block begins with, as RFC 9113 has it; undefined for trailers. Nothing else is decoded, and
 * no dynamic table is kept: the client allows the server none.
 */
export function statusOf(block: Buffer): number | undefined {
  const at = skipTableSizes(block)
  const kind = block.readUInt8(at)
  if ((kind & 0x80) !== 0) return INDEXED[(kind & 0x7f) - FIRST_INDEX]
  if (!LITERALS.has(kind)) return undefined
  const length = block.readUInt8(at + 1)
  const value = block.subarray(at + 2, at + 2 + (length & 0x7f))
  return Number((length & 0x80) === 0 ? value.toString('latin1') : digitsOf(value))
}

/** The encoder says how large its table now is before it says anything else. */
function skipTableSizes(block: Buffer): number {
  let at = 0
  while ((block.readUInt8(at) & 0xe0) === 0x20) {
    const more = (block.readUInt8(at++) & 0x1f) === 0x1f
    if (more) while ((block.readUInt8(at++) & 0x80) !== 0);
  }
  return at
}

/** HPACK's Huffman code, of which a status needs the digits: 0, 1 and 2 have five bits, the others six. */
function digitsOf(value: Buffer): string {
  let bits = ''
  for (const byte of value) bits += byte.toString(2).padStart(8, '0')
  let digits = ''
  while (digits.length < 3) {
    const short = Number.parseInt(bits.slice(0, 5), 2)
    digits += short <= 2 ? short : Number.parseInt(bits.slice(0, 6), 2) - 0b011001 + 3
    bits = bits.slice(short <= 2 ? 5 : 6)
  }
  return digits
}
