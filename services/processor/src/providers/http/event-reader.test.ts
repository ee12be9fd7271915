import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { readBase64Events } from './base64-json.ts'
import { createEventReader } from './event-reader.ts'

const OPTIONS = { fields: ['b64_json'], maxFileBytes: 10_000 } as const

const event = fc.record({
  type: fc.string(),
  text: fc.string({ unit: 'grapheme' }),
  file: fc.uint8Array({ maxLength: 60 }),
})
const noise = fc.constantFrom(
  '',
  ': a comment\n',
  'id: 7\n',
  'retry: 10\n',
  'event: x\n',
  `${'n'.repeat(50)}: 1\n`,
  '\n',
)
const lineBreak = fc.constantFrom('\n', '\r\n')

test('reads the same events from pieces of any length, with whatever stands between their data', async () => {
  const events = fc.array(fc.record({ event, noise, lineBreak, space: fc.constantFrom('', ' ') }), { maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(events, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), async (all, sizes) => {
      const text = all.map(({ event: { type, text, file }, noise, lineBreak, space }) => {
        const json = JSON.stringify({ type, text, b64_json: file.toBase64() })
        return `${noise}data:${space}${json}${lineBreak}${lineBreak}`
      })
      const read = await Array.fromAsync(readBase64Events(split(text.join(''), sizes), OPTIONS))
      expect(read.map(({ body, files }) => [body, files.map(file => file.toBase64())])).toEqual(
        all.map(({ event: { type, text, file } }) => [{ type, text, b64_json: 0 }, [file.toBase64()]]),
      )
    }),
  )
})

test('data of several lines is one event; one that has not ended is none', () => {
  expect(readTexts('data: a\ndata: b\n\ndata: c\n')).toEqual([' a\n b\n'])
  expect(readTexts('data: a\n\r\nevent: x\n\ndata:\n\n')).toEqual([' a\n', '\n'])
  expect(readTexts('datax: a\n\ndata\n\n')).toEqual([])
})

test('an event with more than it may have, and one that is no JSON, is left out', async () => {
  const last = { b64_json: 'QUJD' }
  const long = `data: ${JSON.stringify({ b64_json: 'A'.repeat(20_000) })}\n\n`
  for (const text of [
    long,
    'data: {"a":\n\n',
    'data: [DONE\n\n',
    'data: {"b64_json":"A!!!AAAAAAAA"}\n\n',
    'data:\n\n',
  ]) {
    const read = readBase64Events(split(`${text}data: ${JSON.stringify(last)}`, [100]), OPTIONS)
    expect(await Array.fromAsync(read)).toEqual([{ body: { b64_json: 0 }, files: [Buffer.from('ABC')] }])
  }
})

test('a source that breaks off behind an event gives the event first', async () => {
  const read: unknown[] = []
  const source = async function* () {
    yield* split('data: {"a":1}\n', [4])
    throw new Error('cut off')
  }
  const all = (async () => {
    for await (const { body } of readBase64Events(source(), OPTIONS)) read.push(body)
  })()
  await expect(all).rejects.toThrow('cut off')
  expect(read).toEqual([{ a: 1 }])
})

async function* split(text: string, sizes: readonly number[]): AsyncGenerator<Uint8Array, void> {
  const bytes = new TextEncoder().encode(text)
  for (let [at, turn] = [0, 0]; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1
    yield bytes.subarray(at, at + size)
    at += size
  }
}

function readTexts(text: string): string[] {
  const reader = createEventReader(() => {
    const parts: string[] = []
    return { read: bytes => void parts.push(bytes.toString()), finish: () => parts.join('') }
  })
  return [...reader.read(Buffer.from(text))]
}
