import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { jobSubject } from '@darkroom/contracts/subjects'
import { waitUntil } from '../../local/process/wait-until.ts'
import { checkInvariants } from '../../testing/invariants/check-invariants.ts'
import { isFinished } from '../../testing/studio/studio-client.ts'
import { startTestStack, type TestStack } from '../../testing/studio/test-stack.ts'
import { createImageDraft, type Load, startLoad } from './load.ts'

/** A bus that dies, freezes, vanishes, forgets, and is sent nonsense, while people go on asking. */

const LIMIT_MS = 150_000
const JOB_SUBJECT = jobSubject('fake')

let stack: TestStack
let number = 0
let busWasLost = false

beforeAll(async () => {
  stack = await startTestStack({ env: { PROVIDER_CONCURRENCY: '4' } })
}, LIMIT_MS)
afterEach(() => stack.clearFaults(), LIMIT_MS)
afterAll(() => stack[Symbol.asyncDispose](), LIMIT_MS)

test(
  'F7: nothing is lost over five kills of the bus under load',
  async () => {
    await using load = startClientLoad()
    for (let kills = 0; kills < 5; kills++) {
      await Bun.sleep(Math.random() * 600)
      await stack.bus.kill()
      await stack.bus.start()
    }
    await expectInvariants(load)
  },
  LIMIT_MS,
)

test(
  'F8: without a bus submissions are taken all the same, and are made when it is back',
  async () => {
    await stack.bus.stop()
    const taken = await Promise.all([1, 2, 3].map(at => stack.client.submit(createImageDraft(`without a bus ${at}`))))
    expect(taken.map(({ status }) => status)).toEqual(['queued', 'queued', 'queued'])
    await waitUntilNotReady()
    await stack.bus.start()
    await expectInvariants()
  },
  LIMIT_MS,
)

test(
  'F8: an ingest that has never seen the bus takes submissions, too',
  async () => {
    await stack.bus.stop()
    await stack.ingest.restart()
    const taken = await stack.client.submit(createImageDraft('to an ingest that has never seen the bus'))
    expect(taken.status).toBe('queued')
    await stack.bus.start()
    await expectInvariants()
  },
  LIMIT_MS,
)

test(
  'F9: a bus that freezes is noticed, and what was published meanwhile has one effect',
  async () => {
    await using load = startClientLoad()
    stack.bus.freeze()
    await waitUntilNotReady()
    stack.bus.thaw()
    await expectInvariants(load)
  },
  LIMIT_MS,
)

test(
  'F10: a line to the bus that is slow, cut off, or a black hole loses nothing',
  async () => {
    await using load = startClientLoad()
    stack.proxies.bus.setFault({ kind: 'latency', milliseconds: 300 })
    await stack.client.waitForGeneration((await stack.client.submit(createImageDraft('slowly'))).id, isFinished)
    stack.proxies.bus.setFault({ kind: 'reset' })
    await waitUntilNotReady()
    stack.proxies.bus.setFault({ kind: 'none' })
    await stack.client.waitForGeneration((await stack.client.submit(createImageDraft('after a reset'))).id, isFinished)
    stack.proxies.bus.setFault({ kind: 'black-hole' })
    await waitUntilNotReady()
    stack.proxies.bus.setFault({ kind: 'none' })
    await expectInvariants(load)
  },
  LIMIT_MS,
)

test(
  'F3: a relay that is killed after it published and before it noted that publishes twice, and is seen as once',
  async () => {
    await stack.processor.restart({ FAIL_AT: 'relay-published:kill' })
    await stack.ingest.restart({ FAIL_AT: 'relay-published:kill' })
    const made = []
    for (let at = 0; at < 6; at++) made.push(await stack.client.submit(createImageDraft(`relayed ${at}`)))
    for (const { id } of made) await stack.client.waitForGeneration(id, isFinished)
    expect([...stack.processor.exits, ...stack.ingest.exits]).toContain('SIGKILL')
    await expectInvariants()
  },
  LIMIT_MS,
)

test(
  'F11: messages that come again and out of order are worked on once',
  async () => {
    await stack.fake.setBehavior({ delayMs: 400 })
    const made = await Promise.all([1, 2, 3, 4].map(at => stack.client.submit(createImageDraft(`again ${at}`))))
    for (let again = 0; again < 3; again++) {
      for (const { id } of made.toReversed()) await stack.busAdmin.publish(JOB_SUBJECT, createQueuedMessage(id))
    }
    for (const { id } of made) await stack.client.waitForGeneration(id, isFinished)
    for (const { id } of made) await stack.busAdmin.publish(JOB_SUBJECT, createQueuedMessage(id))
    await stack.fake.setBehavior({ delayMs: 0 })
    await expectInvariants()
  },
  LIMIT_MS,
)

test(
  'F14: messages that make no sense are thrown away and counted, and keep nobody waiting',
  async () => {
    const before = await stack.processor.readMetric('poison_messages_total')
    const poison = [
      'no JSON',
      '{"v":1}',
      JSON.stringify({ v: 2, type: 'generation.queued', id: crypto.randomUUID() }),
      JSON.stringify({ v: 1, type: 'generation.changed', id: crypto.randomUUID() }),
      createQueuedMessage(crypto.randomUUID()),
      createQueuedMessage('../../etc/passwd'),
      `{"v":1,"type":"generation.queued","id":"${'x'.repeat(900_000)}"}`,
    ]
    for (const data of poison) await stack.busAdmin.publish(JOB_SUBJECT, data)
    await stack.busAdmin.publish('jobs.cancel', 'no JSON')
    const made = await stack.client.submit(createImageDraft('among poison'))
    expect((await stack.client.waitForGeneration(made.id, isFinished)).status).toBe('completed')
    await expectInvariants()
    expect((await stack.processor.readMetric('poison_messages_total')) - before).toBe(poison.length)
  },
  LIMIT_MS,
)

test(
  'F13: lanes and streams that somebody deletes are made again',
  async () => {
    await using load = startClientLoad()
    await stack.busAdmin.deleteConsumers()
    await stack.client.waitForGeneration((await stack.client.submit(createImageDraft('without a lane'))).id, isFinished)
    busWasLost = true
    await stack.busAdmin.deleteStream('jobs')
    await stack.client.waitForGeneration(
      (await stack.client.submit(createImageDraft('without a stream'))).id,
      isFinished,
    )
    await stack.busAdmin.deleteStream('events')
    await stack.client.waitForGeneration((await stack.client.submit(createImageDraft('without events'))).id, isFinished)
    await expectInvariants(load)
  },
  LIMIT_MS,
)

test(
  'F12: a bus that comes back with an older state, or with none, is filled again from the rows',
  async () => {
    await stack.bus.stop()
    await stack.bus.takeSnapshot()
    await stack.bus.start()
    for (const loss of ['older', 'empty']) {
      await using load = startClientLoad()
      await stack.client.waitForGeneration(
        (await stack.client.submit(createImageDraft(`before an ${loss} state`))).id,
        isFinished,
      )
      await stack.fake.setBehavior({ delayMs: 5_000, lookAgainSeconds: 3 })
      const open = await Promise.all(
        [1, 2].map(at => stack.client.submit(createImageDraft(`over an ${loss} state ${at}`))),
      )
      await stack.fake.waitForRequests(({ submits }) =>
        open.every(({ prompt }) => submits.some(sent => sent.prompt === prompt)),
      )
      await load.stop()
      await stack.bus.stop()
      await stack.bus.restoreSnapshot()
      await stack.bus.deleteSnapshot()
      await stack.bus.start()
      await stack.fake.setBehavior({ delayMs: 0, lookAgainSeconds: 0.05 })
      await stack.client.waitForGeneration(
        (await stack.client.submit(createImageDraft(`after an ${loss} state`))).id,
        isFinished,
      )
      for (const { id } of open) expect((await stack.client.waitForGeneration(id, isFinished)).status).toBe('completed')
    }
    await expectInvariants()
  },
  LIMIT_MS,
)

function startClientLoad(): Load {
  return startLoad(stack.client, {
    everyMs: 250,
    draft: () => createImageDraft(`on and on ${number++}`, { numOutputs: 1 }),
  })
}

/** Nobody strikes any more: all that was promised is kept. */
async function expectInvariants(load?: Load): Promise<void> {
  await load?.stop()
  expect(await checkInvariants(stack, { busWasLost })).toEqual([])
}

async function waitUntilNotReady(): Promise<void> {
  const isUnready = async () => ((await fetch(`${stack.processor.url}/readyz`)).ok ? undefined : true)
  await waitUntil(isUnready, {
    what: 'A processor that is not ready',
    milliseconds: 30_000,
    signal: new AbortController().signal,
  })
}

function createQueuedMessage(id: string): string {
  return JSON.stringify({ v: 1, type: 'generation.queued', id })
}
