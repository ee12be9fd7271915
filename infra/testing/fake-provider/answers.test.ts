import { expect, test } from 'bun:test'
import type { AnswerBehavior } from './behavior.ts'
import { type FakeProviderServer, startFakeProvider } from './fake-server.ts'
import { BYTES_MODEL } from './wire.ts'

const ANSWER: AnswerBehavior = { slowOneIn: 1, delayMs: [0, 0], pieceBytes: 1_000, pieceMs: 0, cut: null }
const SUBMISSION = {
  kind: 'image',
  prompt: 'a lighthouse',
  width: 64,
  height: 48,
  seed: 7,
  settings: {},
  references: [],
}

test('records an answer with bytes as sent, with the hash of each output', async () => {
  await using fake = await startFakeProvider()
  fake.setBehavior({ answer: ANSWER })
  const text = await submit(fake, BYTES_MODEL)
  const lines = text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  const sha256 = lines.slice(0, 2).map(({ base64 }) => hash(Uint8Array.fromBase64(base64)))
  await fake.waitForRequests(({ answers }) => answers[0]?.endedAt !== null)
  const [answer] = fake.requestLog.answers
  expect(answer).toMatchObject({
    idempotencyKey: 'k',
    model: BYTES_MODEL,
    fault: null,
    status: 200,
    bytes: text.length,
  })
  expect(answer?.outputs).toEqual([0, 1].map(index => ({ index, sha256: sha256[index] ?? '' })))
  expect(answer?.host).toBe(new URL(fake.url).host)
})

test('records a request id as an answer', async () => {
  await using fake = await startFakeProvider()
  const { id } = JSON.parse(await submit(fake, 'fake-image'))
  await fake.waitForRequests(({ answers }) => answers[0]?.endedAt !== null)
  expect(fake.requestLog.answers[0]).toMatchObject({ id, fault: null, status: 201, outputs: [] })
})

test.each([
  ['before', 0, null],
  ['headers', 0, 200],
  ['middle', 1, 200],
  ['after', 2, 200],
] as const)('cuts an answer %s, once, and records it as cut with %i whole outputs', async (at, outputs, status) => {
  await using fake = await startFakeProvider()
  fake.setBehavior({ answer: { ...ANSWER, delayMs: [20, 20], cut: { at, times: 1 } } })
  await expect(submit(fake, BYTES_MODEL)).rejects.toThrow()
  await fake.waitForRequests(({ answers }) => answers[0]?.closedAt !== null)
  const [answer] = fake.requestLog.answers
  expect(answer).toMatchObject({ fault: `cut ${at}`, status, endedAt: null })
  expect(answer?.outputs).toHaveLength(outputs)
  expect((await submit(fake, BYTES_MODEL)).trim().split('\n')).toHaveLength(3)
})

test('records an answer that its caller did not wait for as closed, and not as ended', async () => {
  await using fake = await startFakeProvider()
  fake.setBehavior({ answer: { ...ANSWER, delayMs: [60_000, 60_000] } })
  const aborting = new AbortController()
  const submitted = submit(fake, BYTES_MODEL, aborting.signal).catch(String)
  await fake.waitForRequests(({ answers }) => answers.length === 1)
  aborting.abort()
  await submitted
  await fake.waitForRequests(({ answers }) => answers[0]?.closedAt !== null)
  expect(fake.requestLog.answers[0]).toMatchObject({ fault: null, endedAt: null })
})

test('answers who waits for the next submission once it has arrived, and once it is answered', async () => {
  await using fake = await startFakeProvider()
  fake.setBehavior({ submitDelayMs: 50 })
  const order: string[] = []
  const wait = async (when: string) => {
    await fetch(`${fake.url}/next-submit?when=${when}`)
    order.push(when)
  }
  const waiting = [wait('answered'), wait('arrived')]
  await Bun.sleep(50)
  await submit(fake, 'fake-image')
  await Promise.all(waiting)
  expect(order).toEqual(['arrived', 'answered'])
})

async function submit({ url }: FakeProviderServer, model: string, signal?: AbortSignal): Promise<string> {
  const response = await fetch(`${url}/predictions`, {
    method: 'POST',
    headers: { 'idempotency-key': 'k' },
    body: JSON.stringify({ ...SUBMISSION, model, indices: [0, 1] }),
    ...(signal && { signal }),
  })
  return await response.text()
}

function hash(bytes: Uint8Array): string {
  return new Bun.CryptoHasher('sha256').update(bytes).digest('hex')
}
