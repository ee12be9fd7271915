import { expect, test } from 'bun:test'
import sharp from 'sharp'
import { getProviderError } from '../../../testing/get-provider-error.ts'
import { makeCall, neverAborted, toSavedAnswer } from '../../../testing/make-call.ts'
import type { ProviderRequest, Receipt } from '../adapter.ts'
import { openFakeOpenAi, REQUEST } from './openai-env.fixture.ts'
import { readAnswer } from './read-answer.ts'

const PREVIEWED: ProviderRequest = { ...REQUEST, settings: { ...REQUEST.settings, previews: true } }
const HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'x-request-id': 'req_1' }
const OPTIONS = { model: REQUEST.model, indices: [3], signal: neverAborted }
const PNG = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#a42' } })
  .png()
  .toBuffer()
const b64_json = PNG.toString('base64')

test('previews are requested, and billed, only where the user chose them and somebody watches', async () => {
  await using env = await openFakeOpenAi()
  const bill = async (request: ProviderRequest, previews?: boolean) => {
    await makeCall(env.adapter, request, { previews })
    return env.fake.billed().at(-1)?.micros ?? 0
  }
  const plain = await bill(REQUEST, true)
  expect(await bill(PREVIEWED)).toBe(plain)
  expect(await bill({ ...PREVIEWED, settings: { ...PREVIEWED.settings, resumable: true } }, true)).toBeGreaterThan(0)
  // Two of 100 tokens, of 30 USD a million.
  expect(await bill(PREVIEWED, true)).toBe(plain + 6_000)
  const streamed = env.fake.requests().map(({ body }) => /"stream":(true)/.exec(body)?.[1])
  expect(streamed).toEqual([undefined, undefined, undefined, 'true'])
})

test('a streamed answer gives its previews on the way, the image, and its cost to the micro-unit', async () => {
  await using env = await openFakeOpenAi()
  const { outputs, receipt, previews } = await makeCall(env.adapter, PREVIEWED, { previews: true })
  expect(outputs).toMatchObject([{ kind: 'bytes', index: 3, mimeType: 'image/png' }])
  expect(previews.map(({ index }) => index)).toEqual([3, 3])
  expect(await sharp(previews[0]?.bytes).metadata()).toMatchObject({ format: 'png', width: 1_024 })
  const [bill] = env.fake.billed()
  expect(receipt).toMatchObject({ trace: bill?.trace ?? '', cost: { micros: bill?.micros ?? 0, currency: 'USD' } })
})

test('an edit streams as well', async () => {
  await using env = await openFakeOpenAi()
  const references = [{ role: 'reference', mimeType: 'image/png', bytes: PNG, width: 8, height: 8 }] as const
  const { outputs, previews } = await makeCall(env.adapter, { ...PREVIEWED, references }, { previews: true })
  expect([outputs.length, previews.length]).toEqual([1, 2])
})

test('a preview is handed on while the answer still arrives', async () => {
  const seen = Promise.withResolvers<number>()
  const body = async function* () {
    yield encode(format({ type: 'image_generation.partial_image', b64_json, partial_image_index: 0 }))
    expect(await seen.promise).toBe(3)
    yield encode(format({ type: 'image_generation.completed', b64_json }))
  }
  const onPreview = (index: number) => seen.resolve(index)
  const read = await readAnswer({ headers: async () => HEADERS, body }, { ...OPTIONS, onPreview })
  expect(read.kind).toBe('outputs')
})

test('an answer that was left on the disk gives the same, and one that is cut off is unknown', async () => {
  const text = [
    format({ type: 'image_generation.partial_image', b64_json, partial_image_index: 0 }),
    format({ type: 'image_generation.completed', b64_json, usage: { output_tokens: 5 } }),
  ].join('')
  // Without the blank line behind it the event is whole.
  const end = text.length - '\n\n'.length
  for (let length = 0; length < end; length += 7)
    expect(await getCode(text.slice(0, length))).toBe('provider_misbehaved unknown')
  expect(await getCode(text.slice(0, end - 1))).toBe('provider_misbehaved unknown')
  const receipts: Receipt[] = []
  const saved = toSavedAnswer([encode(text)], HEADERS)
  for (const _ of [1, 2]) await readAnswer(saved, { ...OPTIONS, onReceipt: receipt => receipts.push(receipt) })
  expect(receipts[0]).toEqual({ usage: { output_tokens: 5 }, trace: 'req_1' })
  expect(receipts[1]).toEqual(receipts[0] as Receipt)
})

test('a preview that makes no sense, or an end that is cut, costs nobody the image that was paid for', async () => {
  const completed = format({ type: 'image_generation.completed', b64_json })
  const broken = [
    format({ type: 'image_generation.partial_image', b64_json: 'no base64!' }),
    'data: {"type":"image_generation.partial_image"\n\n',
    'data:\n\n',
  ]
  for (const text of [...broken.map(event => event + completed), completed.slice(0, -1), completed.slice(0, -2)]) {
    const read = await readAnswer(toSavedAnswer([encode(text)], HEADERS), OPTIONS)
    expect(read.kind === 'outputs' && (await Array.fromAsync(read.outputs))).toMatchObject([
      { index: 3, kind: 'bytes' },
    ])
  }
})

test('an error in the stream is that of a refusal; one that says nothing leaves it open', async () => {
  const error = { code: 'moderation_blocked', message: 'No.', moderation_details: { moderation_stage: 'output' } }
  expect(await getCode(format({ type: 'error', error }))).toBe('output_refused permanent')
  expect(await getCode(format({ type: 'error', ...error }))).toBe('output_refused permanent')
  expect(await getCode(format({ type: 'error', message: 'Something broke.' }))).toBe('provider_misbehaved unknown')
})

async function getCode(text: string): Promise<string> {
  const { code, failure } = await getProviderError(() => readAnswer(toSavedAnswer([encode(text)], HEADERS), OPTIONS))
  return `${code} ${failure}`
}

function format(event: { type: string; [name: string]: unknown }): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
