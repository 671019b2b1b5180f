import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  array,
  assert,
  asyncProperty,
  constantFrom,
  json,
  nat,
  oneof,
  property,
  uint8Array,
} from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { LineSplitter, MAX_LINE_BYTES } from '../../../src/delivery/spool/lines.ts'
import { EventReader, type Flaws } from '../../../src/delivery/spool/reader.ts'
import type { ApiEvent } from '../../../src/types/client.ts'
import { eventLine } from '../../support/spool.ts'

const directory = mkdtempSync(join(tmpdir(), 'spool-test-'))
afterAll(() => rmSync(directory, { recursive: true }))

async function readBack(content: string | Buffer): Promise<{ lines: string[]; flaws: Flaws }> {
  const path = join(directory, 'file')
  writeFileSync(path, content)
  const handle = await open(path)
  const lines: string[] = []
  const reader = new EventReader(65_536, (line) => lines.push(line))
  await reader.read(handle)
  await reader.end()
  await handle.close()
  return { lines, flaws: reader.flaws }
}

const one = eventLine(1)
const two = eventLine(2)
const huge = eventLine(3, { path: '/x', consumer_id: 'c'.repeat(300), metadata: { a: 'x'.repeat(70_000) } })

describe('what a file can hold', () => {
  const corpus: Record<string, [content: string | Buffer, events: number, corrupt: number]> = {
    'two events': [`${one}\n${two}\n`, 2, 0],
    'no last line end': [`${one}\n${two}`, 2, 0],
    'a torn last line': [`${one}\n${two.slice(0, 40)}`, 1, 1],
    'a torn line, then the next writer': [`${one.slice(0, 40)}\n${two}\n`, 1, 1],
    'CRLF and blank lines': [`${one}\r\n\r\n \n${two}\r\n`, 2, 0],
    'a byte order mark': [`\ufeff${one}\n`, 1, 0],
    'an array of another SDK': [`[${one},${two}]\n[${one}]\n`, 3, 0],
    'zeros in front of an event': [`${'\0'.repeat(4096)}${one}\n`, 1, 0],
    'zeros instead of a line': [`${one}\n${'\0'.repeat(4096)}`, 1, 1],
    'empty arrays and objects': ['[]\n{}\n[{}]\nnull\n"text"\n7\ntrue\n', 0, 6],
    'arrays in arrays': [`[[${one}]]\n[${one},[],null]\n`, 1, 3],
    'an event without a status': [`{"method":"GET","path":"/"}\n${one}\n`, 1, 1],
    'a status that is text': [`{"method":"GET","path":"/","status_code":"200"}\n`, 0, 1],
    noise: [Buffer.from([0xff, 0xfe, 0x80, 0x0a, 0xc3, 0x28, 0x0a]), 0, 2],
    nothing: ['', 0, 0],
  }
  test.each(Object.entries(corpus))('%s', async (_, [content, events, corrupt]) => {
    const { lines, flaws } = await readBack(content)
    expect({ events: lines.length, corrupt: flaws.corrupt }).toEqual({ events, corrupt })
  })

  test('an event over the limits is cut to them', async () => {
    const { lines } = await readBack(`${huge}\n`)
    const event = JSON.parse(lines[0]!) as ApiEvent
    expect(event.metadata).toBeUndefined()
    expect(event.consumer_id).toHaveLength(256)
  })

  test('an event comes back as the text it was, so that its batch keeps its content', async () => {
    const written = eventLine(7, { metadata: { framework: 'express', nested: { a: [1, null] } } })
    expect((await readBack(`${written}\n`)).lines).toEqual([written])
  })
})

test('a line of 50 MB costs one count and no memory', async () => {
  const before = process.memoryUsage().arrayBuffers
  const splitter = new LineSplitter()
  const chunk = Buffer.alloc(65_536, 'x')
  let peak = 0
  for (let bytes = 0; bytes < 50e6; bytes += chunk.byteLength) {
    expect(splitter.push(chunk)).toEqual([])
    peak = Math.max(peak, process.memoryUsage().arrayBuffers - before)
  }
  expect(splitter.push(Buffer.from(`\n${one}\n`))).toEqual([one])
  expect(splitter.skipped).toBe(1)
  // Garbage that is not collected yet counts here, too; the whole line would be 50 MB.
  expect(peak).toBeLessThan(4 * MAX_LINE_BYTES)
})

test('a line at the limit is read, one byte more is not', () => {
  for (const [bytes, skipped] of [
    [MAX_LINE_BYTES, 0],
    [MAX_LINE_BYTES + 1, 1],
  ] as const) {
    const splitter = new LineSplitter()
    const lines = splitter.push(Buffer.from(`${'x'.repeat(bytes)}\n`))
    expect([lines.length, splitter.skipped]).toEqual([1 - skipped, skipped])
  }
})

/** Something like what can stand in a file: events, JSON of all kinds, and bytes. */
const piece = oneof(
  constantFrom(one, two, '[', ']', '{', '\n', '\r\n', '\0\0', '\ufeff', ',').map((text) => Buffer.from(text)),
  json().map((text) => Buffer.from(`${text}\n`)),
  uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
)
/** `npm run test:soak` gives more. */
const SOAK_SECONDS = Number(process.env['SOAK_SECONDS'] ?? 0)
const FUZZING = {
  interruptAfterTimeLimit: SOAK_SECONDS > 0 ? SOAK_SECONDS * 1000 : 3000,
  numRuns: SOAK_SECONDS > 0 ? Infinity : 2000,
}

test(
  'nothing that stands in a file makes the reader throw, or comes out as anything but an event',
  { timeout: 2 * FUZZING.interruptAfterTimeLimit + 30_000 },
  async () => {
    let files = 0
    await assert(
      asyncProperty(array(piece), async (pieces) => {
        files++
        for (const line of (await readBack(Buffer.concat(pieces))).lines) {
          const event = JSON.parse(line) as ApiEvent
          expect(typeof event.method).toBe('string')
          expect(typeof event.path).toBe('string')
          expect(Number.isInteger(event.status_code)).toBe(true)
          expect(line).not.toMatch(/[\n\r]/)
        }
      }),
      FUZZING,
    )
    if (SOAK_SECONDS > 0) console.log(`reader's fuzz: ${files} files in ${SOAK_SECONDS} s, none wrong`)
  },
)

test('lines are the same however the stream is cut', () => {
  assert(
    property(array(piece), array(nat(50)), (pieces, cuts) => {
      const whole = Buffer.concat(pieces)
      const splitter = new LineSplitter()
      const lines: string[] = []
      let at = 0
      for (const length of cuts) lines.push(...splitter.push(whole.subarray(at, (at += length))))
      lines.push(...splitter.push(whole.subarray(at)), ...splitter.end())
      const expected = whole.toString().split('\n')
      if (expected.at(-1) === '') expected.pop()
      expect(lines.join('\n').replaceAll('\ufffd', '')).toBe(expected.join('\n').replaceAll('\ufffd', ''))
    }),
  )
})
