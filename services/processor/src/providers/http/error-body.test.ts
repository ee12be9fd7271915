import { expect, test } from 'bun:test'
import { readErrorBody } from './error-body.ts'

const LONG_MS = 60_000

test('reads JSON and texts without the secrets, and nothing of an empty body', async () => {
  const read = (body: string) => readErrorBody(new Response(body), ['key-1234567'], LONG_MS)
  expect(await read('{"error":"for key-1234567"}')).toEqual({ error: 'for …' })
  expect(await read('for key-1234567')).toBe('for …')
  expect(await read(' ')).toBeUndefined()
})

test('has the beginning of a body that never ends, and cancels the rest', async () => {
  const cancelled = Promise.withResolvers<void>()
  const start = (body: ReadableStreamDefaultController) => body.enqueue(new TextEncoder().encode('{"error":"busy"}'))
  const endless = new Response(new ReadableStream({ start, cancel: () => cancelled.resolve() }))
  expect(await readErrorBody(endless, [], 50)).toEqual({ error: 'busy' })
  await cancelled.promise
})

test('has the beginning of a body that breaks off', async () => {
  let pulls = 0
  const pull = (body: ReadableStreamDefaultController) => {
    pulls += 1
    if (pulls === 1) body.enqueue(new TextEncoder().encode('half'))
    else body.error(new Error('cut off'))
  }
  expect(await readErrorBody(new Response(new ReadableStream({ pull })), [], LONG_MS)).toBe('half')
})
