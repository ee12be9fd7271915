import { expect, test } from 'bun:test'
import { LIMITS } from '@darkroom/contracts/limits'
import fc from 'fast-check'
import { createBodyBudget, readBody } from './bodies.ts'
import type { Form } from './form-body.ts'
import { ProblemError } from './problem.ts'

const MIB = 1024 * 1024

test('a body of JSON becomes what it says, in one piece or in many', async () => {
  const text = JSON.stringify({ prompt: 'Wölkchen 👩‍👩‍👧‍👦', list: [1, null] })
  const whole = new TextEncoder().encode(text)
  expect(await read(post(text))).toEqual(JSON.parse(text))
  expect(await read(post(chunked(Array.from(whole, byte => Uint8Array.of(byte)))))).toEqual(JSON.parse(text))
  expect(await readBody(post(text), 'Application/JSON', createBodyBudget(MIB))).toEqual(JSON.parse(text))
})

test('a form becomes a form, with its files', async () => {
  const form = new FormData()
  form.append('file', new File(['picture'], 'ä.png', { type: 'image/png' }))
  const sent = new Response(form)
  const type = sent.headers.get('content-type') ?? ''
  const request = post(await sent.bytes(), { 'content-type': type })
  const read = (await readBody(request, 'multipart/form-data', createBodyBudget(MIB))) as Form
  expect(read.fields.map(field => [field.kind, new TextDecoder().decode(field.bytes)])).toEqual([['file', 'picture']])
})

test('what was given back is collected each time that it is an eighth of all', () => {
  let times = 0
  const budget = createBodyBudget(MIB, { collectGarbage: () => times++ })
  for (const expected of [0, 1, 1, 2]) {
    const request = post('{}')
    budget.reserve(request, MIB / 16)
    budget.release(request)
    expect(times).toBe(expected)
  }
})

for (const [what, body] of [
  ['cut short', '{"prompt":'],
  ['no JSON', 'prompt=a'],
  ['empty', ''],
  ['not UTF-8', Uint8Array.of(0x22, 0xff, 0x22)],
  ['half of a character', Uint8Array.of(0x22, 0xc3)],
  ['UTF-16', new Uint8Array(new Uint16Array(Array.from('{"a":1}', letter => letter.charCodeAt(0))).buffer)],
] as const) {
  test(`a body that is ${what} is malformed`, async () => {
    expect(await refusal(read(post(body)))).toMatchObject({ code: 'malformed' })
  })
}

test('a form without its boundary is malformed', async () => {
  const request = post('--x\r\n', { 'content-type': 'multipart/form-data' })
  expect(await refusal(readBody(request, 'multipart/form-data', createBodyBudget(MIB)))).toMatchObject({
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
  test(`a body of type ${JSON.stringify(type)} is not taken`, async () => {
    const budget = createBodyBudget(MIB)
    expect(await refusal(readBody(post('{}'), type, budget))).toMatchObject({ code: 'unsupported_type' })
    expect(budget.bytesInUse()).toBe(0)
  })
}

for (const encoding of ['gzip', 'br', 'deflate', 'identity, gzip']) {
  test(`a body encoded as ${encoding} is not taken: it could be a thousand times as large as it says`, async () => {
    const request = post('{}', { 'content-encoding': encoding })
    expect(await refusal(read(request))).toMatchObject({ code: 'unsupported_type' })
  })
}

test('what is declared to be too large is refused before a byte of it is read', async () => {
  const budget = createBodyBudget(1024 * MIB)
  const { body, pulled } = counted(Number.POSITIVE_INFINITY)
  const request = post(body, { 'content-length': String(LIMITS.jsonBytes + 1) })
  expect(await refusal(read(request, budget))).toMatchObject({ code: 'too_large' })
  expect([pulled(), budget.bytesInUse()]).toEqual([0, 0])
})

test('what grows too large without having said so is cut off', async () => {
  const budget = createBodyBudget(1024 * MIB)
  const { body, pulled, cancelled } = counted(Number.POSITIVE_INFINITY)
  const request = post(body)
  expect(await refusal(read(request, budget))).toMatchObject({ code: 'too_large' })
  expect(pulled()).toBeLessThanOrEqual(LIMITS.jsonBytes / MIB + 2)
  expect(cancelled()).toBe(true)
  budget.release(request)
  expect(budget.bytesInUse()).toBe(0)
})

test('a body as large as is allowed, and not a byte larger, is read', async () => {
  const text = (length: number) => `"${'x'.repeat(length - 2)}"`
  const budget = createBodyBudget(1024 * MIB)
  expect(await read(post(text(LIMITS.jsonBytes)), budget)).toHaveLength(LIMITS.jsonBytes - 2)
  expect(await refusal(read(post(text(LIMITS.jsonBytes + 1)), budget))).toMatchObject({ code: 'too_large' })
})

test('when the others hold all there is, a body has to come back later, and may', async () => {
  const budget = createBodyBudget(4 * MIB)
  const [large, small] = [post(chunked([new Uint8Array(3 * MIB)])), post('{}')]
  await refusal(read(large, budget))
  expect(budget.bytesInUse()).toBe(3 * MIB)
  const refused = await refusal(read(post('{}', { 'content-length': String(2 * MIB) }), budget))
  expect(refused).toMatchObject({ code: 'unavailable', retryAfterSeconds: expect.any(Number) })
  budget.release(large)
  expect(await read(small, budget)).toEqual({})
})

test('a body that no budget could ever hold is not told to come back', async () => {
  const request = post('{}', { 'content-length': String(2 * MIB) })
  expect(await refusal(read(request, createBodyBudget(MIB)))).toMatchObject({ code: 'too_large' })
})

test('a body that comes in pieces pays for each as it comes', async () => {
  const budget = createBodyBudget(4 * MIB)
  const { body, pulled } = counted(16)
  const request = post(body)
  expect(await refusal(read(request, budget))).toMatchObject({ code: 'too_large' })
  expect(pulled()).toBeLessThanOrEqual(6)
  budget.release(request)
  expect(budget.bytesInUse()).toBe(0)
})

test('a body pays once for what it declared and not again for what then comes', async () => {
  const budget = createBodyBudget(MIB)
  const text = JSON.stringify('x'.repeat(700_000))
  const request = post(text, { 'content-length': String(text.length) })
  await read(request, budget)
  expect(budget.bytesInUse()).toBe(text.length)
})

test('a body of which nothing more comes is given up, and what it held is free again', async () => {
  const budget = createBodyBudget(MIB)
  const silent = post(new ReadableStream({ start: controller => controller.enqueue(new Uint8Array(10)) }))
  const given = readBody(silent, 'application/json', budget, { totalMs: 60_000, idleMs: 30 })
  expect(await refusal(given)).toMatchObject({
    code: 'malformed',
    message: expect.stringContaining('stopped arriving'),
  })
  budget.release(silent)
  expect(budget.bytesInUse()).toBe(0)
})

test('so is one that comes drop by drop for ever', async () => {
  const dripping = post(
    new ReadableStream({
      pull: async controller => {
        await Bun.sleep(10)
        controller.enqueue(new Uint8Array(1))
      },
    }),
  )
  const given = readBody(dripping, 'application/json', createBodyBudget(MIB), { totalMs: 100, idleMs: 60_000 })
  expect(await refusal(given)).toMatchObject({
    code: 'malformed',
    message: expect.stringContaining('stopped arriving'),
  })
})

test('a body that breaks off fails as it is', async () => {
  const broken = post(new ReadableStream({ pull: controller => controller.error(new Error('the line is dead')) }))
  await expect(read(broken)).rejects.toThrow('the line is dead')
})

test('whatever is taken and given back, what is held is the sum of the rest and never above the budget', () => {
  const requests = Array.from({ length: 4 }, () => post('{}'))
  const step = fc.record({ who: fc.nat(3), bytes: fc.option(fc.nat(600)) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), steps => {
      const budget = createBodyBudget(1_000)
      const held = requests.map(() => 0)
      for (const { who, bytes } of steps) {
        const request = requests[who] as Request
        if (bytes === null) budget.release(request)
        const taken = bytes !== null && succeeds(() => budget.reserve(request, bytes))
        held[who] = bytes === null ? 0 : (held[who] ?? 0) + (taken ? bytes : 0)
        expect(budget.bytesInUse()).toBe(held.reduce((sum, one) => sum + one, 0))
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

function chunked(chunks: Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: controller => {
      for (const chunk of chunks) controller.enqueue(chunk)
      controller.close()
    },
  })
}

/** A body of so many MiB, and how much of it was asked for. */
function counted(chunks: number) {
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

async function refusal(work: Promise<unknown>): Promise<ProblemError | undefined> {
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
