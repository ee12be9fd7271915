import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { jobSubject } from '@darkroom/contracts/subjects'
import { until } from '../../local/process/wait-until.ts'
import { violations } from '../../testing/invariants/check-invariants.ts'
import { isOver } from '../../testing/invariants/client.ts'
import { type Stage, startStage } from '../../testing/studio/test-stack.ts'
import { type Load, picture, startLoad } from './load.ts'

/** A bus that dies, freezes, vanishes, forgets, and is sent nonsense, while people go on asking. */

const LIMIT_MS = 150_000
const LANE = jobSubject('fake')

let stage: Stage
let number = 0
let busWasLost = false

beforeAll(async () => {
  stage = await startStage({ env: { PROVIDER_CONCURRENCY: '4' } })
}, LIMIT_MS)
afterEach(() => stage.heal(), LIMIT_MS)
afterAll(() => stage[Symbol.asyncDispose](), LIMIT_MS)

test(
  'F7: nothing is lost over five kills of the bus under load',
  async () => {
    await using load = people()
    for (let kills = 0; kills < 5; kills++) {
      await Bun.sleep(Math.random() * 600)
      await stage.bus.kill()
      await stage.bus.start()
    }
    await inPeace(load)
  },
  LIMIT_MS,
)

test(
  'F8: without a bus submissions are taken all the same, and are made when it is back',
  async () => {
    await stage.bus.stop()
    const taken = await Promise.all([1, 2, 3].map(at => stage.client.submit(picture(`without a bus ${at}`))))
    expect(taken.map(({ status }) => status)).toEqual(['queued', 'queued', 'queued'])
    await isNotReady()
    await stage.bus.start()
    await inPeace()
  },
  LIMIT_MS,
)

test(
  'F8: an ingest that has never seen the bus takes submissions, too',
  async () => {
    await stage.bus.stop()
    await stage.ingest.restart()
    const taken = await stage.client.submit(picture('to an ingest that has never seen the bus'))
    expect(taken.status).toBe('queued')
    await stage.bus.start()
    await inPeace()
  },
  LIMIT_MS,
)

test(
  'F9: a bus that freezes is noticed, and what was published meanwhile has one effect',
  async () => {
    await using load = people()
    stage.bus.freeze()
    await isNotReady()
    stage.bus.thaw()
    await inPeace(load)
  },
  LIMIT_MS,
)

test(
  'F10: a line to the bus that is slow, cut off, or a black hole loses nothing',
  async () => {
    await using load = people()
    stage.between.bus.set({ kind: 'latency', milliseconds: 300 })
    await stage.client.until((await stage.client.submit(picture('slowly'))).id, isOver)
    stage.between.bus.set({ kind: 'reset' })
    await isNotReady()
    stage.between.bus.set({ kind: 'none' })
    await stage.client.until((await stage.client.submit(picture('after a reset'))).id, isOver)
    stage.between.bus.set({ kind: 'black-hole' })
    await isNotReady()
    stage.between.bus.set({ kind: 'none' })
    await inPeace(load)
  },
  LIMIT_MS,
)

test(
  'F3: a relay that is killed after it published and before it noted that publishes twice, and is seen as once',
  async () => {
    await stage.processor.restart({ FAIL_AT: 'relay-published:kill' })
    await stage.ingest.restart({ FAIL_AT: 'relay-published:kill' })
    const made = []
    for (let at = 0; at < 6; at++) made.push(await stage.client.submit(picture(`relayed ${at}`)))
    for (const { id } of made) await stage.client.until(id, isOver)
    expect([...stage.processor.deaths, ...stage.ingest.deaths]).toContain('SIGKILL')
    await inPeace()
  },
  LIMIT_MS,
)

test(
  'F11: messages that come again and out of order are worked on once',
  async () => {
    await stage.fake.set({ delayMs: 400 })
    const made = await Promise.all([1, 2, 3, 4].map(at => stage.client.submit(picture(`again ${at}`))))
    for (let again = 0; again < 3; again++) {
      for (const { id } of made.toReversed()) await stage.view.publish(LANE, queued(id))
    }
    for (const { id } of made) await stage.client.until(id, isOver)
    for (const { id } of made) await stage.view.publish(LANE, queued(id))
    await stage.fake.set({ delayMs: 0 })
    await inPeace()
  },
  LIMIT_MS,
)

test(
  'F14: messages that make no sense are thrown away and counted, and keep nobody waiting',
  async () => {
    const before = await stage.processor.metric('poison_messages_total')
    const poison = [
      'no JSON',
      '{"v":1}',
      JSON.stringify({ v: 2, type: 'generation.queued', id: crypto.randomUUID() }),
      JSON.stringify({ v: 1, type: 'generation.changed', id: crypto.randomUUID() }),
      queued(crypto.randomUUID()),
      queued('../../etc/passwd'),
      `{"v":1,"type":"generation.queued","id":"${'x'.repeat(900_000)}"}`,
    ]
    for (const data of poison) await stage.view.publish(LANE, data)
    await stage.view.publish('jobs.cancel', 'no JSON')
    const made = await stage.client.submit(picture('among poison'))
    expect((await stage.client.until(made.id, isOver)).status).toBe('completed')
    await inPeace()
    expect((await stage.processor.metric('poison_messages_total')) - before).toBe(poison.length)
  },
  LIMIT_MS,
)

test(
  'F13: lanes and streams that somebody deletes are made again',
  async () => {
    await using load = people()
    await stage.view.deleteConsumers()
    await stage.client.until((await stage.client.submit(picture('without a lane'))).id, isOver)
    busWasLost = true
    await stage.view.deleteStream('jobs')
    await stage.client.until((await stage.client.submit(picture('without a stream'))).id, isOver)
    await stage.view.deleteStream('events')
    await stage.client.until((await stage.client.submit(picture('without events'))).id, isOver)
    await inPeace(load)
  },
  LIMIT_MS,
)

test(
  'F12: a bus that comes back with an older state, or with none, is filled again from the rows',
  async () => {
    await stage.bus.stop()
    await stage.bus.copy()
    await stage.bus.start()
    for (const loss of ['older', 'empty']) {
      await using load = people()
      await stage.client.until((await stage.client.submit(picture(`before an ${loss} state`))).id, isOver)
      await stage.fake.set({ delayMs: 5_000, lookAgainSeconds: 3 })
      const open = await Promise.all([1, 2].map(at => stage.client.submit(picture(`over an ${loss} state ${at}`))))
      await stage.fake.until(({ submits }) =>
        open.every(({ prompt }) => submits.some(asked => asked.prompt === prompt)),
      )
      await load.stop()
      await stage.bus.stop()
      await stage.bus.rollBack()
      await stage.bus.forget()
      await stage.bus.start()
      await stage.fake.set({ delayMs: 0, lookAgainSeconds: 0.05 })
      await stage.client.until((await stage.client.submit(picture(`after an ${loss} state`))).id, isOver)
      for (const { id } of open) expect((await stage.client.until(id, isOver)).status).toBe('completed')
    }
    await inPeace()
  },
  LIMIT_MS,
)

function people(): Load {
  return startLoad(stage.client, { everyMs: 250, draft: () => picture(`on and on ${number++}`, { numOutputs: 1 }) })
}

/** Nobody strikes any more: all that was promised is kept. */
async function inPeace(load?: Load): Promise<void> {
  await load?.stop()
  expect(await violations(stage, { busWasLost })).toEqual([])
}

async function isNotReady(): Promise<void> {
  const ask = async () => ((await fetch(`${stage.processor.url}/readyz`)).ok ? undefined : true)
  await until(ask, {
    what: 'A processor that is not ready',
    milliseconds: 30_000,
    signal: new AbortController().signal,
  })
}

function queued(id: string): string {
  return JSON.stringify({ v: 1, type: 'generation.queued', id })
}
