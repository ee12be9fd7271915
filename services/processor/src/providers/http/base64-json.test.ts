import { expect, test } from 'bun:test'
import { ProviderError } from '../adapter.ts'
import { readBase64Json } from './base64-json.ts'

const OPTIONS = { fields: ['b64_json', 'result'], maxFileBytes: 100_000, failure: 'unknown' } as const
const FILE = crypto.getRandomValues(new Uint8Array(1_000))
const OTHER = crypto.getRandomValues(new Uint8Array(7))

async function* split(text: string, size: number): AsyncGenerator<Uint8Array, void> {
  const bytes = new TextEncoder().encode(text)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function getCode(text: string, size = 100): Promise<string> {
  const error = await readBase64Json(split(text, size), OPTIONS).catch(error => error)
  return error instanceof ProviderError ? `${error.code} ${error.failure}` : String(error)
}

const BODY = JSON.stringify({
  created: 1,
  data: [
    { b64_json: FILE.toBase64(), revised_prompt: 'ein “Leuchtturm” \\ "b64_json": \u{1f5ff}' },
    { b64_json: `data:image/png;base64,${OTHER.toBase64()}` },
    { b64_json: '' },
    { result: null },
  ],
  usage: { output_tokens: 5 },
})

for (const size of [1, 2, 3, 5, 7, 64, 10_000]) {
  test(`decodes files from pieces of ${size} bytes, and leaves the rest as it is`, async () => {
    const { body, files } = await readBase64Json(split(BODY, size), OPTIONS)
    expect(files.map(file => file.toBase64())).toEqual([FILE.toBase64(), OTHER.toBase64(), ''])
    expect(body).toEqual({
      created: 1,
      data: [
        { b64_json: 0, revised_prompt: 'ein “Leuchtturm” \\ "b64_json": \u{1f5ff}' },
        { b64_json: 1 },
        { b64_json: 2 },
        { result: null },
      ],
      usage: { output_tokens: 5 },
    })
  })
}

test('reads escaped slashes, and base64 of every length', async () => {
  for (let length = 0; length < 40; length += 1) {
    const file = FILE.subarray(0, length)
    const text = JSON.stringify({ b64_json: file.toBase64() }).replaceAll('/', '\\/')
    const { files } = await readBase64Json(split(text, 6), OPTIONS)
    expect(files[0]?.toBase64()).toBe(file.toBase64())
  }
})

test('reads a list of files, and no other list', async () => {
  const texts = { images: [FILE.toBase64(), OTHER.toBase64(), ''], info: '{"images":["AAAA"]}', others: ['AAAA'] }
  for (const size of [1, 7, 10_000]) {
    const text = JSON.stringify(texts, null, 1)
    const { body, files } = await readBase64Json(split(text, size), { ...OPTIONS, fields: ['image', 'images'] })
    expect(files.map(file => file.toBase64())).toEqual([FILE.toBase64(), OTHER.toBase64(), ''])
    expect(body).toEqual({ ...texts, images: [0, 1, 2] })
  }
})

test('notices an answer that is cut off at any byte', async () => {
  for (let length = 0; length < BODY.length; length += 13)
    expect(await getCode(BODY.slice(0, length))).toBe('provider_misbehaved unknown')
})

test('rejects HTML, invalid base64, files that are too large and a rest that is too long', async () => {
  const misbehaved = 'provider_misbehaved unknown'
  expect(await getCode('<html>no</html>')).toBe(misbehaved)
  expect(await getCode('{"b64_json":"not base64!!"}')).toBe(misbehaved)
  expect(await getCode(`{"b64_json":"${'A'.repeat(140_000)}"}`, 10_000)).toBe(misbehaved)
  expect(await getCode(`{"x":"${'A'.repeat(1_100_000)}"}`, 10_000)).toBe(misbehaved)
})

test('reads a longer rest where that is expected', async () => {
  const text = `{"x":"${'A'.repeat(1_100_000)}","b64_json":"QUJD"}`
  const { files } = await readBase64Json(split(text, 10_000), { ...OPTIONS, maxRestBytes: 1_200_000 })
  expect(files.map(file => file.toBase64())).toEqual(['QUJD'])
})

test('passes on the errors of its source', async () => {
  const source = (async function* () {
    yield new TextEncoder().encode('{"b64_json":"AAAA')
    throw new ProviderError('provider_unreachable')
  })()
  await expect(readBase64Json(source, OPTIONS)).rejects.toMatchObject({ code: 'provider_unreachable' })
})
