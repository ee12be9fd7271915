import { expect, test } from 'bun:test'
import type { Generation, Submission } from '@darkroom/contracts/generation'
import { RejectedError, toRequestError, UnavailableError } from '../request-error.ts'
import { createMemoryOutbox } from './generation.fixture.ts'
import { buildNumbered, callImmediately, createFakePages, rejectSubmission } from './generation-store.fixture.ts'
import { createGenerationStore } from './generation-store.ts'

function buildQueued(number: number, submission: () => Promise<Submission> = async () => ANY) {
  let done = 0
  const onDone = () => {
    done += 1
  }
  const generation = { ...buildNumbered(number), version: 0 }
  const entry = { generation, submission: ANY, references: [], problem: null }
  return { queued: { entry, submission, onDone }, done: () => done }
}

const ANY: Submission = { prompt: 'any', parameters: { aspectRatio: '1:1', resolution: 1024, numOutputs: 1 } }

test('shows a submission before the studio has answered, and then the studio’s generation', async () => {
  const answer = Promise.withResolvers<Generation>()
  const store = createGenerationStore({
    fetchPage: createFakePages(1).fetchPage,
    generate: () => answer.promise,
    outbox: createMemoryOutbox(),
    nextFrame: callImmediately,
  })
  await store.open()
  const { queued, done } = buildQueued(9)
  const sending = store.send(queued)
  expect(store.current().rows.at(-1)).toMatchObject({ key: 'client 9', delivery: { state: 'sending' } })
  answer.resolve(buildNumbered(9))
  await sending
  expect(store.current().rows.at(-1)).toMatchObject({ key: 'client 9', delivery: null })
  expect(done()).toBe(1)
})

test('shows a refusal in the studio’s words, and sends again under the same clientId', async () => {
  const sent: (string | undefined)[] = []
  const generate = async (submission: Submission) => {
    sent.push(submission.clientId)
    if (sent.length === 1) throw new RejectedError('The prompt is empty.')
    return buildNumbered(9)
  }
  const store = createGenerationStore({
    fetchPage: createFakePages(0).fetchPage,
    generate,
    outbox: createMemoryOutbox(),
    nextFrame: callImmediately,
  })
  await store.open()
  await store.send(buildQueued(9, async () => ({ ...ANY, clientId: 'client 9' })).queued)
  expect(store.current().rows[0]?.delivery).toEqual({ state: 'refused', problem: 'The prompt is empty.' })
  await store.resend('client 9')
  expect(sent).toEqual(['client 9', 'client 9'])
  expect(store.current().rows.map(row => row.delivery)).toEqual([null])
})

test('does not send again by itself what a reached budget has refused, and stores the reason', async () => {
  let sent = 0
  const problem = 'The budget of this month is reached: $0.30 of $20 are left. It begins anew on 1 December.'
  const generate = async () => {
    sent += 1
    throw toRequestError({ status: 402, body: { detail: problem }, retryAfter: null })
  }
  const outbox = createMemoryOutbox()
  const store = createGenerationStore({
    fetchPage: createFakePages(0).fetchPage,
    generate,
    outbox,
    nextFrame: callImmediately,
  })
  await store.open()
  await store.send(buildQueued(9).queued)
  await store.sendQueued()
  expect(sent).toBe(1)
  expect(store.current().rows[0]?.delivery).toEqual({ state: 'refused', problem })
  expect((await outbox.list()).map(entry => entry.problem)).toEqual([problem])
})

test('waits while the studio is unreachable, and sends once it is back', async () => {
  let isDown = true
  const generate = async () => {
    if (isDown) throw new UnavailableError('out of reach')
    return buildNumbered(9)
  }
  const store = createGenerationStore({
    fetchPage: createFakePages(0).fetchPage,
    generate,
    outbox: createMemoryOutbox(),
    nextFrame: callImmediately,
  })
  await store.open()
  await store.send(buildQueued(9).queued)
  expect(store.current().rows[0]?.delivery).toEqual({ state: 'waiting' })
  isDown = false
  await store.sendQueued()
  expect(store.current().rows[0]?.delivery).toBeNull()
})

test('retries a waiting submission by itself, with growing pauses, until it succeeds', async () => {
  const delays: number[] = []
  let next = () => {}
  const setTimer = (callback: () => void, ms: number) => {
    delays.push(ms)
    next = callback
  }
  let failuresLeft = 6
  const generate = async () => (failuresLeft-- > 0 ? await offline() : buildNumbered(9))
  const store = createGenerationStore({
    fetchPage: createFakePages(0).fetchPage,
    generate,
    outbox: createMemoryOutbox(),
    nextFrame: callImmediately,
    setTimer,
  })
  await store.open()
  await store.send(buildQueued(9).queued)
  for (let times = 0; times < 6; times++) {
    expect(store.current().rows[0]?.delivery).toEqual({ state: 'waiting' })
    next()
    await new Promise(resolve => setTimeout(resolve, 0))
  }
  expect(store.current().rows[0]?.delivery).toBeNull()
  expect(delays).toEqual([2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
})

test('sends a waiting submission once however many events announce that the studio is back', async () => {
  const answer = Promise.withResolvers<Generation>()
  const answers = [offline, () => answer.promise]
  const timers: (() => void)[] = []
  let requests = 0
  const generate = () => {
    requests += 1
    return answers.shift()?.() ?? rejectSubmission()
  }
  const store = createGenerationStore({
    fetchPage: createFakePages(0).fetchPage,
    generate,
    outbox: createMemoryOutbox(),
    nextFrame: callImmediately,
    setTimer: callback => timers.push(callback),
  })
  await store.open()
  await store.send(buildQueued(9).queued)
  const sending = [store.sendQueued(), store.sendQueued()]
  timers[0]?.()
  answer.resolve(buildNumbered(9))
  await Promise.all(sending)
  expect(requests).toBe(2)
  expect(store.current().rows.map(row => row.delivery)).toEqual([null])
})

test('waits at least as long as the studio requests', async () => {
  const delays: number[] = []
  const store = createGenerationStore({
    fetchPage: createFakePages(0).fetchPage,
    generate: () => Promise.reject(new UnavailableError('overloaded', { status: 503, retryAfterMs: 5_000 })),
    outbox: createMemoryOutbox(),
    nextFrame: callImmediately,
    setTimer: (_, ms) => delays.push(ms),
  })
  await store.open()
  await store.send(buildQueued(9).queued)
  expect(store.current().rows[0]?.delivery).toEqual({ state: 'waiting' })
  expect(delays).toEqual([5_000])
})

test('removes a discarded submission and releases its references', async () => {
  const outbox = createMemoryOutbox()
  const store = createGenerationStore({
    fetchPage: createFakePages(0).fetchPage,
    generate: () => Promise.reject(new RejectedError('no')),
    outbox,
    nextFrame: callImmediately,
  })
  await store.open()
  const { queued, done } = buildQueued(9)
  await store.send(queued)
  store.discard('client 9')
  expect(store.current().rows).toEqual([])
  expect(done()).toBe(1)
  expect(await outbox.list()).toEqual([])
  await store.resend('client 9')
  expect(store.current().rows).toEqual([])
})

test('stores a submission until the studio has answered, with its refusal if there was one', async () => {
  const outbox = createMemoryOutbox()
  const answers = [offline, () => Promise.reject(new RejectedError('not like this')), async () => buildNumbered(9)]
  const generate = () => answers.shift()?.() ?? rejectSubmission()
  const store = createGenerationStore({
    fetchPage: createFakePages(0).fetchPage,
    generate,
    outbox,
    nextFrame: callImmediately,
  })
  await store.open()
  const { queued } = buildQueued(9)
  await store.send(queued)
  expect(await outbox.list()).toEqual([queued.entry])
  await store.sendQueued()
  expect(await outbox.list()).toEqual([{ ...queued.entry, problem: 'not like this' }])
  await store.resend('client 9')
  expect(await outbox.list()).toEqual([])
})

test('resumes a submission of an earlier page: sends it, or shows its refusal', async () => {
  const requests: string[] = []
  const generate = async () => {
    requests.push('once')
    return buildNumbered(9)
  }
  const store = createGenerationStore({
    fetchPage: createFakePages(0).fetchPage,
    generate,
    outbox: createMemoryOutbox(),
    nextFrame: callImmediately,
  })
  await store.open()
  const [sent, refused] = [buildQueued(9).queued, buildQueued(8).queued]
  await store.resume(sent)
  await store.resume({ ...refused, entry: { ...refused.entry, problem: 'not like this' } })
  expect(requests).toHaveLength(1)
  expect(store.current().rows.map(row => row.delivery)).toEqual([null, { state: 'refused', problem: 'not like this' }])
})

test('does not send a submission that another tab has discarded', async () => {
  const outbox = createMemoryOutbox()
  const requests: string[] = []
  const generate = () => {
    requests.push('once')
    return offline()
  }
  const store = createGenerationStore({
    fetchPage: createFakePages(0).fetchPage,
    generate,
    outbox,
    nextFrame: callImmediately,
  })
  await store.open()
  await store.send(buildQueued(9).queued)
  await outbox.remove('client 9')
  await store.sendQueued()
  expect(requests).toHaveLength(1)
  expect(store.current().rows).toEqual([])
})

const offline = () => Promise.reject(new UnavailableError('away'))

test('sends a child without its parent if that was removed permanently, and as that from then on', async () => {
  const sent: Submission[] = []
  const body = { title: '', errors: [{ path: 'parent', message: 'was removed permanently' }] }
  const generate = async (submission: Submission) => {
    sent.push(submission)
    if (submission.parent) throw toRequestError({ status: 422, body, retryAfter: null })
    if (sent.length === 2) throw new UnavailableError('The studio cannot be reached.')
    return buildNumbered(9)
  }
  const outbox = createMemoryOutbox()
  const { fetchPage } = createFakePages(0)
  const store = createGenerationStore({
    fetchPage,
    generate,
    outbox,
    nextFrame: callImmediately,
    setTimer: () => undefined,
  })
  await store.open()
  const parent = { generationId: 'purged', outputIndex: 0, verb: 'again' }
  const child = { ...ANY, clientId: 'client 9', parent }
  const { queued } = buildQueued(9, async () => child)
  await store.send({ ...queued, entry: { ...queued.entry, submission: child } })
  expect((await outbox.list()).map(({ submission }) => submission.parent)).toEqual([undefined])
  await store.resend('client 9')
  expect(sent.map(submission => submission.parent?.generationId)).toEqual(['purged', undefined, undefined])
  expect(store.current().rows.map(row => row.delivery)).toEqual([null])
})

test('does not send without its parent what would be something else then', async () => {
  let sent = 0
  const generate = async () => {
    sent += 1
    throw new RejectedError('Parent was removed permanently.', { paths: ['parent'] })
  }
  const { fetchPage } = createFakePages(0)
  const store = createGenerationStore({ fetchPage, generate, outbox: createMemoryOutbox(), nextFrame: callImmediately })
  await store.open()
  const parent = { generationId: 'purged', outputIndex: 0, verb: 'upscale' }
  await store.send(buildQueued(9, async () => ({ ...ANY, parent })).queued)
  expect([sent, store.current().rows[0]?.delivery?.state]).toEqual([1, 'refused'])
})
