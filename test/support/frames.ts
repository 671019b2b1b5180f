import { createHash } from 'node:crypto'

const HEAD_BYTES = 9
const NAMES = [
  'DATA',
  'HEADERS',
  'PRIORITY',
  'RST_STREAM',
  'SETTINGS',
  'PUSH_PROMISE',
  'PING',
  'GOAWAY',
  'WINDOW_UPDATE',
  'CONTINUATION',
]
/** Their payload is compressed, dates included; the client says what it read in them. */
const COMPRESSED = new Set(['HEADERS', 'PUSH_PROMISE', 'CONTINUATION'])

/** What a server of HTTP/2 sent, frame by frame. */
export function framesIn(bytes: Buffer): string[] {
  const frames: string[] = []
  for (let at = 0; at + HEAD_BYTES <= bytes.byteLength;) {
    const length = bytes.readUIntBE(at, 3)
    const name = NAMES[bytes[at + 3]!] ?? String(bytes[at + 3])
    const payload = bytes.subarray(at + HEAD_BYTES, at + HEAD_BYTES + length)
    const shown = COMPRESSED.has(name) ? '' : `, ${length} bytes, ${digest(payload)}`
    frames.push(`${name} ${bytes[at + 4]} of ${bytes.readUInt32BE(at + 5)}${shown}`)
    at += HEAD_BYTES + length
  }
  return frames
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 12)
}
