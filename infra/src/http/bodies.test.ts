import { expect, test } from 'bun:test'
import { LIMITS } from '@darkroom/contracts/limits'
import fc from 'fast-check'
import { createStream } from '../../testing/store/streams.ts'
import { createBodyBudget, readBody } from './bodies.ts'
import type { Form } from './form-body.ts'
import { ProblemError } from './problem.ts'

const MIB = 1024 * 1024

test('parses a JSON body, in one chunk or in many', async () => {
  const text = JSON.stringify({ prompt: 'Wölkchen 👩‍👩‍👧‍👦', list: [1, null] })
  const whole = new TextEncoder().encode(text)
  expect(await read(post(text))).toEqual(JSON.parse(text))
  expect(await read(post(createStream(Array.from(whole, byte => Uint8Array.of(byte)))))).toEqual(JSON.parse(text))
  expect(await readBody(post(text), 'Application/JSON', createBodyBudget(MIB))).toEqual(JSON.parse(text))
})

test('parses a form with its files', async () => {
  const form = new FormData()
  form.append('file', new File(['picture'], 'ä.png', { type: 'image/png' }))
  const sent = new Response(form)
  const type = sent.headers.get('content-type') ?? ''
  const request = post(await sent.bytes(), { 'content-type': type })
  const read = (await readBody(request, 'multipart/form-data', createBodyBudget(MIB))) as Form
  expect(read.fields.map(field => [field.kind, new TextDecoder().decode(field.bytes)])).toEqual([['file', 'picture']])
})

test('collects garbage each time an eighth of the budget has been released', () => {
  let collections = 0
  const budget = createBodyBudget(MIB, { collectGarbage: () => collections++ })
  for (const expected of [0, 1, 1, 2]) {
    const request = post('{}')
    budget.reserve(request, MIB / 16)
    budget.release(request)
    expect(collections).toBe(expected)
  }
})

for (const [name, body] of [
  ['truncated', '{"prompt":'],
  ['not JSON', 'prompt=a'],
  ['empty', ''],
  ['not UTF-8', Uint8Array.of(0x22, 0xff, 0x22)],
  ['half a character', Uint8Array.of(0x22, 0xc3)],
  ['UTF-16', new Uint8Array(new Uint16Array(Array.from('{"a":1}', letter => letter.charCodeAt(0))).buffer)],
] as const) {
  test(`a body that is ${name} is malformed`, async () => {
    expect(await getRejection(read(post(body)))).toMatchObject({ code: 'malformed' })
  })
}

test('a form without its boundary is malformed', async () => {
  const request = post('--x\r\n', { 'content-type': 'multipart/form-data' })
  expect(await getRejection(readBody(request, 'multipart/form-data', createBodyBudget(MIB)))).toMatchObject({
    code: 'malformed',
  })
})

for (const type of [
  '',
  'text/plain',
  'application/x-www-form-urlencoded',
  'application/jsonp',
  '__proto__',
  'constructor',
]) {
  test(`rejects a body of type ${JSON.stringify(type)}`, async () => {
    const budget = createBodyBudget(MIB)
    expect(await getRejection(readBody(post('{}'), type, budget))).toMatchObject({ code: 'unsupported_type' })
    expect(budget.bytesInUse()).toBe(0)
  })
}

for (const encoding of ['gzip', 'br', 'deflate', 'identity, gzip']) {
  test(`rejects a body encoded as ${encoding}, which could decompress to a thousand times its size`, async () => {
    const request = post('{}', { 'content-encoding': encoding })
    expect(await getRejection(read(request))).toMatchObject({ code: 'unsupported_type' })
  })
}

test('rejects a declared length above the limit before reading a byte', async () => {
  const budget = createBodyBudget(1024 * MIB)
  const { body, pulled } = createCountedBody(Number.POSITIVE_INFINITY)
  const request = post(body, { 'content-length': String(LIMITS.jsonBytes + 1) })
  expect(await getRejection(read(request, budget))).toMatchObject({ code: 'too_large' })
  expect([pulled(), budget.bytesInUse()]).toEqual([0, 0])
})

test('stops reading a body of undeclared length at the limit', async () => {
  const budget = createBodyBudget(1024 * MIB)
  const { body, pulled, cancelled } = createCountedBody(Number.POSITIVE_INFINITY)
  const request = post(body)
  expect(await getRejection(read(request, budget))).toMatchObject({ code: 'too_large' })
  expect(pulled()).toBeLessThanOrEqual(LIMITS.jsonBytes / MIB + 2)
  expect(cancelled()).toBe(true)
  budget.release(request)
  expect(budget.bytesInUse()).toBe(0)
})

test('reads a body of exactly the limit and not a byte more', async () => {
  const text = (length: number) => `"${'x'.repeat(length - 2)}"`
  const budget = createBodyBudget(1024 * MIB)
  expect(await read(post(text(LIMITS.jsonBytes)), budget)).toHaveLength(LIMITS.jsonBytes - 2)
  expect(await getRejection(read(post(text(LIMITS.jsonBytes + 1)), budget))).toMatchObject({ code: 'too_large' })
})

test('a body is unavailable while the budget is in use, and is read once it is free', async () => {
  const budget = createBodyBudget(4 * MIB)
  const [large, small] = [post(createStream([new Uint8Array(3 * MIB)])), post('{}')]
  await getRejection(read(large, budget))
  expect(budget.bytesInUse()).toBe(3 * MIB)
  const rejection = await getRejection(read(post('{}', { 'content-length': String(2 * MIB) }), budget))
  expect(rejection).toMatchObject({ code: 'unavailable', retryAfterSeconds: expect.any(Number) })
  budget.release(large)
  expect(await read(small, budget)).toEqual({})
})

test('a body above the whole budget is too large, not unavailable', async () => {
  const request = post('{}', { 'content-length': String(2 * MIB) })
  expect(await getRejection(read(request, createBodyBudget(MIB)))).toMatchObject({ code: 'too_large' })
})

test('reserves memory for each chunk of a body of undeclared length as it arrives', async () => {
  const budget = createBodyBudget(4 * MIB)
  const { body, pulled } = createCountedBody(16)
  const request = post(body)
  expect(await getRejection(read(request, budget))).toMatchObject({ code: 'too_large' })
  expect(pulled()).toBeLessThanOrEqual(6)
  budget.release(request)
  expect(budget.bytesInUse()).toBe(0)
})

test('reserves the declared length once, and not again for the chunks', async () => {
  const budget = createBodyBudget(MIB)
  const text = JSON.stringify('x'.repeat(700_000))
  const request = post(text, { 'content-length': String(text.length) })
  await read(request, budget)
  expect(budget.bytesInUse()).toBe(text.length)
})

test('gives up a body that stalls, and its memory can be released', async () => {
  const budget = createBodyBudget(MIB)
  const stalled = post(new ReadableStream({ start: controller => controller.enqueue(new Uint8Array(10)) }))
  const reading = readBody(stalled, 'application/json', budget, { totalMs: 60_000, idleMs: 30 })
  expect(await getRejection(reading)).toMatchObject({
    code: 'malformed',
    message: expect.stringContaining('stopped arriving'),
  })
  budget.release(stalled)
  expect(budget.bytesInUse()).toBe(0)
})

test('gives up a body that trickles in for ever', async () => {
  const trickling = post(
    new ReadableStream({
      pull: async controller => {
        await Bun.sleep(10)
        controller.enqueue(new Uint8Array(1))
      },
    }),
  )
  const reading = readBody(trickling, 'application/json', createBodyBudget(MIB), { totalMs: 100, idleMs: 60_000 })
  expect(await getRejection(reading)).toMatchObject({
    code: 'malformed',
    message: expect.stringContaining('stopped arriving'),
  })
})

test('throws the error of a body that breaks off', async () => {
  const broken = post(new ReadableStream({ pull: controller => controller.error(new Error('connection reset')) }))
  await expect(read(broken)).rejects.toThrow('connection reset')
})

test('the bytes in use are the sum of the reservations, and never above the budget', () => {
  const requests = Array.from({ length: 4 }, () => post('{}'))
  const step = fc.record({ index: fc.nat(3), bytes: fc.option(fc.nat(600)) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), steps => {
      const budget = createBodyBudget(1_000)
      const reserved = requests.map(() => 0)
      for (const { index, bytes } of steps) {
        const request = requests[index] as Request
        if (bytes === null) budget.release(request)
        const isReserved = bytes !== null && succeeds(() => budget.reserve(request, bytes))
        reserved[index] = bytes === null ? 0 : (reserved[index] ?? 0) + (isReserved ? bytes : 0)
        expect(budget.bytesInUse()).toBe(reserved.reduce((sum, one) => sum + one, 0))
        expect(budget.bytesInUse()).toBeLessThanOrEqual(1_000)
      }
      for (const request of requests) budget.release(request)
      expect(budget.bytesInUse()).toBe(0)
    }),
  )
})

function read(request: Request, budget = createBodyBudget(64 * MIB)): Promise<unknown> {
  return readBody(request, 'application/json', budget)
}

function post(body: Bun.BodyInit, headers: Record<string, string> = {}): Request {
  return new Request('http://localhost/', {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  })
}

/** Creates a body of so many MiB that counts how many of its chunks were read. */
function createCountedBody(chunks: number) {
  let pulled = 0
  let cancelled = false
  const body = new ReadableStream<Uint8Array>(
    {
      pull: controller => {
        pulled += 1
        controller.enqueue(new Uint8Array(MIB))
        if (pulled === chunks) controller.close()
      },
      cancel: () => {
        cancelled = true
      },
    },
    { highWaterMark: 0 },
  )
  return { body, pulled: () => pulled, cancelled: () => cancelled }
}

async function getRejection(work: Promise<unknown>): Promise<ProblemError | undefined> {
  return await work.then(
    () => undefined,
    error => {
      expect(error).toBeInstanceOf(ProblemError)
      return error
    },
  )
}

function succeeds(work: () => void): boolean {
  try {
    work()
    return true
  } catch {
    return false
  }
}
