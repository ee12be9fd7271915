import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { createJobQueue } from './job-queue.ts'
import type { JobQueueOptions } from './running-jobs.ts'

const MB = 1024 * 1024

interface TestJob {
  name: string
  client: string
  isBackground: boolean
  bytes: number
  pixels: number
}

test('no more jobs run than there are slots, and never with more memory than there is', () => {
  const job = fc.record({ client: fc.constantFrom('a', 'b', 'c'), isBackground: fc.boolean(), megabytes: fc.nat(900) })
  const step = fc.record({ job, action: fc.constantFrom('add', 'finish', 'slow', 'remove') })
  const options = fc.record({ slots: fc.integer({ min: 1, max: 4 }), megabytes: fc.integer({ min: 64, max: 700 }) })
  const property = fc.property(options, fc.array(step, { maxLength: 60 }), ({ slots, megabytes }, steps) => {
    const queue = createTestQueue({ slots, memoryBytes: megabytes * MB })
    for (const { job, action } of steps) {
      const running = queue.started.filter(name => !queue.finished.has(name))
      if (action === 'add') queue.add({ client: job.client, isBackground: job.isBackground, bytes: job.megabytes * MB })
      else if (action === 'finish') queue.finish(running[0])
      else if (action === 'slow') queue.markSlow(running[0])
      else queue.removeFirst()
      expect(queue.running).toBeLessThanOrEqual(slots + 2)
      expect(queue.reservedBytes).toBeLessThanOrEqual(megabytes * MB)
      expect(queue.running > 0 || queue.waiting === 0).toBe(true)
    }
    queue.finishAll()
    expect([queue.waiting, queue.running, queue.reservedBytes]).toEqual([0, 0, 0])
  })
  fc.assert(property, { numRuns: 300 })
})

test('clients take turns, the small jobs of each before its large ones', () => {
  const queue = createTestQueue({ slots: 1, memoryBytes: 512 * MB })
  for (const size of [20, 50, 9, 5]) queue.add({ client: 'a', bytes: size * MB })
  queue.add({ client: 'b', bytes: 40 * MB })
  queue.add({ client: 'b', bytes: 2 * MB })
  queue.add({ client: 'c', bytes: 90 * MB })
  queue.finishAll()
  // Small ones have a slot more, and large ones wait until a slot is free without it.
  expect(queue.started).toEqual(['a20', 'a9', 'b2', 'a5', 'c90', 'b40', 'a50'])
})

test('a large job of a client is not overtaken for ever by its small ones', () => {
  const queue = createTestQueue({ slots: 1, memoryBytes: 512 * MB })
  queue.add({ client: 'a', bytes: MB })
  queue.add({ client: 'a', bytes: 100 * MB })
  for (let name = 0; name < 40; name += 1) {
    queue.add({ client: 'a', bytes: 2 * MB })
    queue.finish(queue.started.at(-1))
  }
  expect(queue.started.indexOf('a100')).toBeGreaterThan(1)
  expect(queue.started.indexOf('a100')).toBeLessThan(12)
})

test('a job that needs much memory is not overtaken for ever by those that need less', () => {
  const queue = createTestQueue({ slots: 3, memoryBytes: 512 * MB })
  for (const client of ['b', 'c']) queue.add({ client, bytes: 150 * MB })
  queue.add({ client: 'a', bytes: 350 * MB })
  for (let name = 0; name < 60; name += 1) {
    queue.add({ client: name % 2 === 0 ? 'b' : 'c', bytes: 150 * MB })
    queue.finish(queue.started.find(started => !queue.finished.has(started)))
  }
  expect(queue.started.indexOf('a350')).toBeGreaterThan(1)
  expect(queue.started.indexOf('a350')).toBeLessThan(20)
})

test('a job of the background starts when no user waits, but not never', () => {
  const queue = createTestQueue({ slots: 1, memoryBytes: 512 * MB })
  queue.add({ client: 'u', bytes: MB })
  queue.add({ client: 'b', bytes: MB, isBackground: true })
  for (let name = 0; name < 100; name += 1) {
    queue.add({ client: `u${name % 3}`, bytes: MB })
    queue.finish(queue.started.at(-1))
  }
  expect(queue.started.indexOf('b1')).toBeGreaterThan(50)
})

test('while large jobs run, or slow ones, a small job of another client starts at once', () => {
  const queue = createTestQueue({ slots: 2, memoryBytes: 512 * MB })
  for (let count = 0; count < 6; count += 1) queue.add({ client: 'hostile', bytes: (150 + count) * MB })
  expect(queue.started).toEqual(['hostile150', 'hostile151'])
  queue.add({ client: 'user', bytes: 20 * MB })
  expect(queue.started.at(-1)).toBe('user20')
  queue.add({ client: 'other', bytes: 21 * MB })
  expect(queue.started.at(-1)).toBe('user20')
  queue.markSlow('user20')
  expect(queue.started.at(-1)).toBe('other21')
  queue.add({ client: 'another', bytes: 22 * MB })
  expect(queue.started.at(-1)).toBe('other21')
  queue.finish('other21')
  expect(queue.started.at(-1)).toBe('another22')
})

/** Creates a queue whose jobs are named by client and megabytes, and started as soon as they may be. */
function createTestQueue(options: JobQueueOptions) {
  const queue = createJobQueue<TestJob>(options)
  const jobs = new Map<string, TestJob>()
  const waiting: TestJob[] = []
  const started: string[] = []
  const finished = new Set<string>()
  const startAll = () => {
    for (let job = queue.start(); job; job = queue.start()) {
      started.push(job.name)
      waiting.splice(waiting.indexOf(job), 1)
    }
  }
  const add = ({ client, bytes, isBackground = false }: Partial<TestJob> & Pick<TestJob, 'client' | 'bytes'>) => {
    const base = `${client}${Math.round(bytes / MB)}`
    const name = jobs.has(base) ? `${base}#${jobs.size}` : base
    const job = { name, client, isBackground, bytes, pixels: bytes / 4 }
    jobs.set(name, job)
    waiting.push(job)
    queue.add(job)
    startAll()
  }
  const finish = (name: string | undefined) => {
    const job = jobs.get(name ?? '')
    if (!job) return
    finished.add(job.name)
    queue.finish(job)
    startAll()
  }
  const markSlow = (name: string | undefined) => {
    const job = jobs.get(name ?? '')
    if (job) queue.markSlow(job)
    startAll()
  }
  const removeFirst = () => {
    const job = waiting.shift()
    if (job) queue.remove(job)
    startAll()
  }
  const finishAll = () => {
    for (let next = 0; next < started.length; next += 1) {
      const name = started[next]
      if (name !== undefined && !finished.has(name)) finish(name)
    }
  }
  return {
    started,
    finished,
    add,
    finish,
    markSlow,
    removeFirst,
    finishAll,
    get waiting() {
      return queue.waiting
    },
    get running() {
      return queue.running
    },
    get reservedBytes() {
      return queue.reservedBytes
    },
  }
}
