import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { jobSubject } from '@darkroom/contracts/subjects'
import { checkInvariants } from '../../testing/invariants/check-invariants.ts'
import { isFinished } from '../../testing/studio/studio-client.ts'
import { startTestStack, type TestStack } from '../../testing/studio/test-stack.ts'
import { waitFor } from '../../testing/wait-for.ts'
import { createImageDraft, type Load, startLoad } from './load.ts'

/** A bus that is killed, freezes, is unreachable, loses data and receives invalid messages, during submissions. */

const JOB_SUBJECT = jobSubject('fake')

let stack: TestStack
let busWasLost = false

beforeAll(async () => {
  stack = await startTestStack({ env: { PROVIDER_CONCURRENCY: '4' } })
})
afterEach(() => stack.clearFaults())
afterAll(() => stack[Symbol.asyncDispose]())

test('F7: loses nothing over five kills of the bus under load', async () => {
  await using load = startLoad(stack.client)
  for (let kills = 0; kills < 5; kills++) {
    await Bun.sleep(Math.random() * 600)
    await stack.bus.kill()
    await stack.bus.start()
  }
  await expectInvariants(load)
})

test('F8: accepts submissions without a bus, and runs them once it is back', async () => {
  await stack.bus.stop()
  const accepted = await Promise.all([1, 2, 3].map(at => stack.client.submit(createImageDraft(`without a bus ${at}`))))
  expect(accepted.map(({ status }) => status)).toEqual(['queued', 'queued', 'queued'])
  await waitUntilNotReady()
  await stack.bus.start()
  await expectInvariants()
})

test('F8: an ingest that has never reached the bus accepts submissions', async () => {
  await stack.bus.stop()
  await stack.ingest.restart()
  const accepted = await stack.client.submit(createImageDraft('to an ingest that has never seen the bus'))
  expect(accepted.status).toBe('queued')
  await stack.bus.start()
  await expectInvariants()
})

test('F9: detects a frozen bus, and handles what was published meanwhile once', async () => {
  await using load = startLoad(stack.client)
  stack.bus.freeze()
  await waitUntilNotReady()
  stack.bus.thaw()
  await expectInvariants(load)
})

test('F10: loses nothing over a connection to the bus that is slow, reset or a black hole', async () => {
  await using load = startLoad(stack.client)
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
})

test('F3: a relay that is killed between publishing and marking publishes twice, with the effect of once', async () => {
  await stack.processor.restart({ FAIL_AT: 'relay-published:kill' })
  await stack.ingest.restart({ FAIL_AT: 'relay-published:kill' })
  const made = []
  for (let at = 0; at < 6; at++) made.push(await stack.client.submit(createImageDraft(`relayed ${at}`)))
  for (const { id } of made) await stack.client.waitForGeneration(id, isFinished)
  expect([...stack.processor.exits, ...stack.ingest.exits]).toContain('SIGKILL')
  await expectInvariants()
})

test('F11: handles duplicate messages in any order once', async () => {
  await stack.fake.setBehavior({ delayMs: 400 })
  const made = await Promise.all([1, 2, 3, 4].map(at => stack.client.submit(createImageDraft(`again ${at}`))))
  for (let repeat = 0; repeat < 3; repeat++) {
    for (const { id } of made.toReversed()) await stack.busAdmin.publish(JOB_SUBJECT, createQueuedMessage(id))
  }
  for (const { id } of made) await stack.client.waitForGeneration(id, isFinished)
  for (const { id } of made) await stack.busAdmin.publish(JOB_SUBJECT, createQueuedMessage(id))
  await stack.fake.setBehavior({ delayMs: 0 })
  await expectInvariants()
})

test('F14: discards and counts invalid messages, and they delay no other', async () => {
  const before = await stack.processor.readMetric('poison_messages_total')
  const poison = [
    'no JSON',
    '{"v":1}',
    JSON.stringify({ v: 2, type: 'generation.queued', id: crypto.randomUUID() }),
    JSON.stringify({ v: 1, type: 'generation.changed', id: crypto.randomUUID() }),
    createQueuedMessage(crypto.randomUUID()),
    createQueuedMessage('../../etc/passwd'),
    `{"v":1,"type":"generation.queued","id":"${'x'.repeat(60_000)}"}`,
  ]
  for (const data of poison) await stack.busAdmin.publish(JOB_SUBJECT, data)
  await stack.busAdmin.publish('jobs.cancel', 'no JSON')
  const made = await stack.client.submit(createImageDraft('among poison'))
  expect((await stack.client.waitForGeneration(made.id, isFinished)).status).toBe('completed')
  await expectInvariants()
  expect((await stack.processor.readMetric('poison_messages_total')) - before).toBe(poison.length)
})

test('F13: recreates deleted consumers and streams', async () => {
  await using load = startLoad(stack.client)
  await stack.busAdmin.deleteConsumers()
  await stack.client.waitForGeneration(
    (await stack.client.submit(createImageDraft('without a consumer'))).id,
    isFinished,
  )
  busWasLost = true
  await stack.busAdmin.deleteStream('jobs')
  await stack.client.waitForGeneration((await stack.client.submit(createImageDraft('without a stream'))).id, isFinished)
  await stack.busAdmin.deleteStream('events')
  await stack.client.waitForGeneration((await stack.client.submit(createImageDraft('without events'))).id, isFinished)
  await expectInvariants(load)
})

test('F12: restores a bus that lost some or all of its state from the rows', async () => {
  await stack.bus.stop()
  await stack.bus.takeSnapshot()
  await stack.bus.start()
  for (const loss of ['older', 'empty']) {
    await using load = startLoad(stack.client)
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
})

/** Checks the invariants after the last fault. */
async function expectInvariants(load?: Load): Promise<void> {
  await load?.stop()
  expect(await checkInvariants(stack, { busWasLost })).toEqual([])
}

async function waitUntilNotReady(): Promise<void> {
  const isUnready = async () => !(await fetch(`${stack.processor.url}/readyz`)).ok
  await waitFor('A processor that is not ready', 60_000, isUnready)
}

function createQueuedMessage(id: string): string {
  return JSON.stringify({ v: 1, type: 'generation.queued', id })
}
