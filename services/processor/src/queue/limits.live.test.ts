import { beforeAll, beforeEach, expect, test } from 'bun:test'
import { waitFor } from '@darkroom/infra/testing/wait-for'
import type { Journal } from '../answers/journal.ts'
import { useWorkerEnv, type WorkerEnv } from '../worker-env.fixture.ts'

let env: WorkerEnv

useWorkerEnv(opened => {
  env = opened
})

/** Records how many calls are open whenever one more is. */
beforeAll(async () => {
  await env.database`create table open_calls_seen (open int not null)`
  await env.database`
    create function see_open_calls() returns trigger language plpgsql as $$
    begin
      insert into open_calls_seen select count(*) from provider_calls where finished_at is null;
      return null;
    end $$`
  await env.database`
    create trigger see_open_calls after insert on provider_calls for each row execute function see_open_calls()`
})
beforeEach(async () => {
  await env.database`delete from open_calls_seen`
  await env.database`delete from connections`
})

test('two processors together never have more calls open than a connection allows, and make them all', async () => {
  await limitOpenCalls(3)
  env.fake.setBehavior({ readyOutputs: 0, lookAgainSeconds: 1.1 })
  await Promise.all([env.startWorker({ slots: 4 }), env.startWorker({ slots: 4 })])
  // Two calls each.
  const ids = await Promise.all(Array.from({ length: 4 }, () => env.queue({ outputs: 5 })))
  await env.fake.waitForRequests(log => log.submits.length === 3)
  await waitForWaiting(ids, 1)
  env.fake.setBehavior({ readyOutputs: null })
  const made = await Promise.all(ids.map(id => env.waitUntilEnded(id)))
  expect(made.map(({ status }) => status)).toEqual(ids.map(() => 'completed'))
  expect([await readMostOpen(), env.fake.requestLog.submits.length]).toEqual([3, 8])
})

test('generations that find capacity at the same moment take no more of it than there is', async () => {
  await limitOpenCalls(2)
  env.fake.setBehavior({ readyOutputs: 0, lookAgainSeconds: 1.1 })
  const [counted, settled] = [createCounter(4), createCounter(4)]
  const journal: Journal = {
    ...env.journal,
    // Each of the four calls has been counted before one is noted.
    open: async call => {
      await counted.count()
      return await env.journal.open(call)
    },
    remove: async call => {
      await env.journal.remove(call)
      void settled.count()
    },
  }
  await env.startWorker({ journal, slots: 2 })
  const ids = await Promise.all([env.queue({ outputs: 8 }), env.queue({ outputs: 8 })])
  await settled.reached
  expect(env.fake.requestLog.submits).toHaveLength(2)
  env.fake.setBehavior({ readyOutputs: null })
  const made = await Promise.all(ids.map(id => env.waitUntilEnded(id)))
  expect(made.map(({ status }) => status)).toEqual(['completed', 'completed'])
  expect(env.fake.requestLog.submits).toHaveLength(4)
})

test('a generation whose calls are answered at once, and are more than may be open, makes them in turn', async () => {
  await limitOpenCalls(2)
  await env.startWorker()
  const { status, outputs } = await env.queueAndWait({ model: 'fake-bytes', outputs: 10 })
  expect([status, outputs.filter(({ state }) => state === 'stored').length]).toEqual(['completed', 10])
  expect([await readMostOpen(), env.fake.requestLog.submits.length]).toEqual([2, 3])
})

/** Creates a counter. `count` waits until it was called so many times. */
function createCounter(target: number): { reached: Promise<void>; count: () => Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>()
  let total = 0
  const count = async () => {
    total++
    if (total === target) resolve()
    await promise
  }
  return { reached: promise, count }
}

async function limitOpenCalls(count: number): Promise<void> {
  await env.database`
    insert into connections (id, kind, name, source, max_open) values ('fake', 'fake', 'Fake', 'built-in', ${count})`
}

/** Waits until so many of the generations wait for capacity at their connection. */
async function waitForWaiting(ids: string[], count: number): Promise<void> {
  await waitFor('generations that wait for capacity', 60_000, async () => {
    const generations = await Promise.all(ids.map(id => env.read(id)))
    return generations.filter(({ waiting }) => waiting?.reason === 'connection-full').length >= count
  })
}

async function readMostOpen(): Promise<number> {
  const [row] = await env.database<{ most: number }[]>`select max(open)::int as most from open_calls_seen`
  return row?.most ?? 0
}
