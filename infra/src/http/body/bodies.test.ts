import { expect, test } from 'bun:test'
import { LIMITS } from '@darkroom/contracts/limits'
import { createStream } from '../../../testing/store/streams.ts'
import { ProblemError } from '../problem.ts'
import { type ArrivalLimits, type BodyRule, readBody } from './bodies.ts'
import { type BodyBudget, createBodyBudget } from './body-budget.ts'
import type { Form } from './form-body.ts'

const MIB = 1024 * 1024
const JSON_RULE: BodyRule = { kind: 'json', maxBytes: LIMITS.jsonBytes }
const FORM_RULE: BodyRule = { kind: 'form', maxBytes: LIMITS.jsonBytes }

test('parses a JSON body, in one chunk or in many', async () => {
  const text = JSON.stringify({ prompt: 'Wölkchen 👩‍👩‍👧‍👦', list: [1, null] })
  const whole = new TextEncoder().encode(text)
  expect(await read(post(text))).toEqual(JSON.parse(text))
  expect(await read(post(createStream(Array.from(whole, byte => Uint8Array.of(byte)))))).toEqual(JSON.parse(text))
  expect(await read(post(text, { 'content-type': 'Application/JSON; charset=utf-8' }))).toEqual(JSON.parse(text))
})

test('parses a form with its files', async () => {
  const form = new FormData()
  form.append('file', new File(['picture'], 'ä.png', { type: 'image/png' }))
  const sent = new Response(form)
  const type = sent.headers.get('content-type') ?? ''
  const request = post(await sent.bytes(), { 'content-type': type })
  const result = (await read(request, createBodyBudget(64 * MIB), { rule: FORM_RULE })) as Form
  expect(result.fields.map(field => [field.kind, new TextDecoder().decode(field.bytes)])).toEqual([['file', 'picture']])
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
  expect(await getRejection(read(request, createBodyBudget(64 * MIB), { rule: FORM_RULE }))).toMatchObject({
    code: 'malformed',
  })
})

for (const type of [
  '',
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/jsonp',
  '__proto__',
  'constructor',
]) {
  test(`rejects a body of type ${JSON.stringify(type)}`, async () => {
    const budget = createBodyBudget(MIB)
    expect(await getRejection(read(post('{}', { 'content-type': type }), budget))).toMatchObject({
      code: 'unsupported_type',
    })
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
  const rule = { ...JSON_RULE, maxBytes: 4 * MIB }
  await getRejection(read(large, budget, { rule }))
  expect(budget.bytesInUse()).toBe(3 * MIB)
  const rejection = await getRejection(read(post(createStream([new Uint8Array(2 * MIB)])), budget, { rule }))
  expect(rejection).toMatchObject({ code: 'unavailable', retryAfterSeconds: expect.any(Number) })
  budget.release(large)
  expect(await read(small, budget, { rule })).toEqual({})
})

test('a body above the whole budget is too large, not unavailable', async () => {
  const request = post('{}', { 'content-length': String(2 * MIB) })
  expect(await getRejection(read(request, createBodyBudget(MIB)))).toMatchObject({ code: 'too_large' })
})

test('reserves memory for what has arrived, not for the declared length', async () => {
  const budget = createBodyBudget(64 * MIB)
  const { promise: end, resolve: finish } = Promise.withResolvers<void>()
  const dripping = new ReadableStream<Uint8Array>({
    start: controller => controller.enqueue(new TextEncoder().encode('"abc')),
    pull: async controller => {
      await end
      controller.enqueue(new TextEncoder().encode('"'))
      controller.close()
    },
  })
  const reading = read(post(dripping, { 'content-length': String(30 * MIB) }), budget)
  await Bun.sleep(1)
  expect(budget.bytesInUse()).toBe(4)
  finish()
  expect(await reading).toBe('abc')
  expect(budget.bytesInUse()).toBe(5)
})

for (const chunks of [1, 3, 20]) {
  test(`the buffer grows with what arrives, in ${chunks} MiB of an undeclared length`, async () => {
    const budget = createBodyBudget(64 * MIB)
    const bytes = new TextEncoder().encode(JSON.stringify('xyz'.repeat((chunks * MIB) / 3)))
    const parts = Array.from({ length: chunks + 1 }, (_, index) => bytes.subarray(index * MIB, (index + 1) * MIB))
    const value = await read(post(createStream(parts)), budget)
    expect(Bun.hash(JSON.stringify(value))).toBe(Bun.hash(bytes))
    expect(budget.bytesInUse()).toBe(bytes.length)
  })
}

const NO_LIMITS: ArrivalLimits = { totalMs: 60_000, idleMs: 60_000, rateMs: 60_000, minRate: 1 }

for (const [name, limits, interval] of [
  ['stalls', { ...NO_LIMITS, idleMs: 30 }, 60_000],
  ['trickles in for ever', { ...NO_LIMITS, totalMs: 100 }, 5],
  ['trickles in below the least rate', { ...NO_LIMITS, rateMs: 100, minRate: 10_000 }, 5],
] as const) {
  test(`gives up a body that ${name}, and its memory can be released`, async () => {
    const budget = createBodyBudget(64 * MIB)
    const slow = post(createTrickle(interval))
    expect(await getRejection(read(slow, budget, { limits }))).toMatchObject({
      code: 'too_slow',
      message: expect.stringContaining('stopped arriving'),
    })
    budget.release(slow)
    expect(budget.bytesInUse()).toBe(0)
  })
}

for (const [kibibytes, seconds, code] of [
  // A slow mobile link, with a file of the largest size.
  [32, 610, undefined],
  [9, 60, undefined],
  [7, 60, 'too_slow'],
] as const) {
  test(`${kibibytes} KiB a second for ${seconds} seconds are ${code ?? 'fast enough'}`, async () => {
    let time = 0
    const budget = createBodyBudget(64 * MIB, { now: () => time })
    const chunk = new Uint8Array(kibibytes * 1024).fill(0x20)
    const chunks = (function* () {
      for (let second = 0; second < seconds; second++, time += 1_000) yield chunk
      yield Uint8Array.of(0x31)
    })()
    const body = new ReadableStream<Uint8Array>({
      pull: controller => {
        const { done, value } = chunks.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
    })
    const outcome = await read(post(body), budget).catch((error: ProblemError) => error.code)
    expect(outcome).toBe(code ?? 1)
  })
}

test('throws the error of a body that breaks off', async () => {
  const broken = post(new ReadableStream({ pull: controller => controller.error(new Error('connection reset')) }))
  await expect(read(broken)).rejects.toThrow('connection reset')
})

function read(
  request: Request,
  budget: BodyBudget = createBodyBudget(64 * MIB),
  options: { rule?: BodyRule; limits?: ArrivalLimits } = {},
): Promise<unknown> {
  return readBody(request, { budget, rule: JSON_RULE, client: '::1', ...options })
}

/** Creates the JSON of a text without an end, a letter at a time. @param interval in milliseconds */
function createTrickle(interval: number): ReadableStream<Uint8Array> {
  let sent = 0
  return new ReadableStream({
    pull: async controller => {
      if (sent > 0) await Bun.sleep(interval)
      sent += 1
      controller.enqueue(Uint8Array.of(sent === 1 ? 0x22 : 0x78))
    },
  })
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
