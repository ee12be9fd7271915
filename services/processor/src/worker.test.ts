import { afterEach, expect, test } from 'bun:test'
import { jobConsumerName } from '@darkroom/contracts/subjects'
import type { Delivery, JobConsumer } from '@darkroom/infra/bus/consumer'
import { createLog } from '@darkroom/infra/log'
import { waitFor } from '@darkroom/infra/testing/wait-for'
import { createFakeAdapter } from '../testing/fake-adapter.ts'
import { runWorker, type WorkerDeps } from './worker.ts'

type Slots = Record<string, number>

let stop = async () => {}
afterEach(() => stop())

test('slots begin and end with their connections', async () => {
  const worker = startWorker({ a: 2 })
  await worker.expectPulls({ a: 2 })
  worker.change({ a: 1, b: 3 })
  await worker.expectPulls({ a: 1, b: 3 })
  worker.change({ b: 1, c: 1 })
  await worker.expectPulls({ b: 1, c: 1 })
  worker.change({})
  await worker.expectPulls({})
})

test('a connection never has more jobs than slots, even if it is removed and added again', async () => {
  const worker = startWorker({ a: 1 })
  await worker.expectPulls({ a: 1 })
  const job = await worker.deliver('a')
  await worker.expectPulls({})
  worker.change({})
  worker.change({ a: 1, b: 1 })
  await worker.expectPulls({ b: 1 })
  job.end()
  await worker.expectPulls({ a: 1, b: 1 })
})

test('a job of a connection that is removed is worked on to its end, which a stop waits for', async () => {
  const worker = startWorker({ a: 2 })
  await worker.expectPulls({ a: 2 })
  const job = await worker.deliver('a')
  worker.change({})
  await worker.expectPulls({})
  let hasEnded = false
  const stopped = stop().then(() => {
    hasEnded = true
  })
  await Bun.sleep(20)
  expect([hasEnded, job.settled]).toEqual([false, []])
  job.end()
  await stopped
  expect(job.settled).toEqual(['nak'])
})

test('a long pull of a quiet studio is given up some seconds after something happens', async () => {
  const activity = createActivity()
  const worker = startWorker({ a: 1 }, activity)
  await worker.expectPulls({ a: 1 })
  expect(worker.pullTimes).toEqual([30_000])
  activity.notify()
  await waitFor('Another pull', 60_000, async () => worker.pullTimes.length === 2)
  expect(worker.pullTimes).toEqual([30_000, 5_000])
  await worker.expectPulls({ a: 1 })
  expect(activity.countSubscribers()).toBe(0)
})

/** Runs a worker whose messages come from the test. A job is under way until it is ended: the disk is asked for its space for so long. */
function startWorker(slots: Slots, activity?: NonNullable<WorkerDeps['activity']>) {
  const connections = createConnections(slots)
  const bus = createBus()
  const stopping = new AbortController()
  const jobs: (() => void)[] = []
  const getFreeBytes = () => new Promise<number>(resolve => jobs.push(() => resolve(0)))
  // What a job needs beyond these is not reached: the disk is full.
  const deps = {
    ...connections,
    ...bus,
    activity,
    getFreeBytes,
    stopping: stopping.signal,
  } as Partial<WorkerDeps> as WorkerDeps
  const ended = runWorker({ ...deps, leaseSeconds: 30, log: createLog({ service: 'test', level: 'silent' }) })
  stop = () => {
    stopping.abort(new Error('stopping'))
    return ended
  }
  return {
    pullTimes: bus.pullTimes,
    change: connections.change,
    expectPulls: async (expected: Slots) => {
      const deadline = AbortSignal.timeout(60_000)
      while (!deadline.aborted && !Bun.deepEquals(bus.countPulls(), expected)) await Bun.sleep(1)
      // Long enough for a slot that should not be there.
      await Bun.sleep(10)
      expect(bus.countPulls()).toEqual(expected)
    },
    deliver: async (connection: string) => {
      const settled: string[] = []
      const data = { v: 1, type: 'generation.queued', id: crypto.randomUUID() }
      bus.deliver(connection, { data, nak: () => settled.push('nak') } as Partial<Delivery> as Delivery)
      while (jobs.length === 0) await Bun.sleep(1)
      return { settled, end: () => jobs.shift()?.() }
    },
  }
}

function createConnections(initial: Slots) {
  const adapter = createFakeAdapter({ url: 'http://127.0.0.1:1' })
  let [slots, changed] = [initial, Promise.withResolvers<void>()]
  const list = () =>
    Object.entries(slots).map(([connection, count]) => ({ adapter: { ...adapter, connection }, slots: count }))
  const find = (connection: string) => list().find(served => served.adapter.connection === connection)?.adapter
  return {
    connections: { list, find, findModel: () => undefined, changed: () => changed.promise },
    change: (next: Slots) => {
      const before = changed
      slots = next
      changed = Promise.withResolvers<void>()
      before.resolve()
    },
  }
}

/** Creates the activity of a studio that is quiet until it is notified. */
function createActivity() {
  const subscribers = new Set<() => void>()
  let isQuiet = true
  return {
    isQuiet: () => isQuiet,
    subscribe: (onNotification: () => void) => {
      subscribers.add(onNotification)
      return () => void subscribers.delete(onNotification)
    },
    notify: () => {
      isQuiet = false
      for (const onNotification of subscribers) onNotification()
    },
    countSubscribers: () => subscribers.size,
  }
}

/** Creates a bus whose pulls wait until a message is delivered to them. */
function createBus() {
  const pullTimes: number[] = []
  const pulls = new Set<{ name: string; end: (delivery?: Delivery) => void }>()
  const consumer = async ({ name }: { name: string }): Promise<JobConsumer> => ({
    next: (ms, signal) =>
      new Promise(resolve => {
        pullTimes.push(ms)
        const pull = {
          name,
          end: (delivery?: Delivery) => {
            pulls.delete(pull)
            resolve(delivery ?? null)
          },
        }
        pulls.add(pull)
        signal.addEventListener('abort', () => pull.end(), { once: true })
      }),
  })
  const named = (connection: string) => [...pulls].filter(({ name }) => name === jobConsumerName(connection))
  return {
    pullTimes,
    bus: { ensureStreams: async () => {}, consumer },
    countPulls: () => {
      const counts = ['a', 'b', 'c'].map(connection => [connection, named(connection).length] as const)
      return Object.fromEntries(counts.filter(([, count]) => count > 0))
    },
    deliver: (connection: string, delivery: Delivery) => named(connection)[0]?.end(delivery),
  }
}
