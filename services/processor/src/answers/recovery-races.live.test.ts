import { expect, test } from 'bun:test'
import { readFile, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { transaction } from '@darkroom/infra/database/transaction'
import { waitFor } from '@darkroom/infra/testing/wait-for'
import { createFakeAdapter } from '../../testing/fake-adapter.ts'
import { purgeGenerations } from '../maintenance/purge-rows.ts'
import type { Adapter, ProviderOutput } from '../providers/adapter.ts'
import { cancelAsUser } from '../queue/user-actions.fixture.ts'
import { useWorkerEnv, type WorkerEnv } from '../worker-env.fixture.ts'
import {
  callOf,
  createBytesAnswer,
  failGeneration,
  insertOpenCall,
  submitDirectly,
  writeAnswer,
} from './answers.fixture.ts'
import { noteRequestId } from './call-rows.ts'
import type { Journal } from './journal.ts'

/** Answers in the journal while several processes, calls or runs have to do with them at once. */

const WAIT_MS = 60_000
let env: WorkerEnv

useWorkerEnv(opened => {
  env = opened
})

test.each([1, 2])(
  'a request id that is noted between the claim and the look into the journal is adopted (submits: %i)',
  async maxSubmits => {
    const { id: requestId }: { id: string } = JSON.parse(await submitDirectly(env))
    const id = await insertOpenCall(env, 'fake-image')
    let isNoted = false
    const list: Journal['list'] = async generationId => {
      if (generationId === undefined) return []
      if (!isNoted) await noteRequestId(env.database, { generationId: id, call: 0 }, requestId)
      isNoted = true
      return await env.journal.list(generationId)
    }
    await env.startWorker({ journal: { ...env.journal, list }, maxSubmits })
    await env.publishJob(id)
    const made = await env.waitUntilEnded(id)
    expect([made.status, made.error?.code]).toEqual(['completed', undefined])
    expect(env.fake.requestLog.submits).toHaveLength(1)
  },
)

test('a generation is reopened before the answer that reopens it is removed', async () => {
  const id = await insertOpenCall(env, 'fake-image')
  await writeAnswer(env, id, 'fake-image', Buffer.from(await submitDirectly(env)))
  await failGeneration(env, id)
  let isKilled = false
  const remove: Journal['remove'] = async call => {
    await env.journal.remove(call)
    if (isKilled) return
    isKilled = true
    throw new Error('killed')
  }
  await env.startWorker({ journal: { ...env.journal, remove } })
  await env.waitUntil(id, ({ status }) => status !== 'failed')
  // As the relay does.
  await env.publishJob(id)
  const made = await env.waitUntil(id, ({ status }) => status === 'completed')
  expect(made.outputs.map(({ state }) => state)).toEqual(['stored', 'stored'])
  expect(env.fake.requestLog.submits).toHaveLength(1)
})

test('the rest of an answer whose process was frozen meanwhile is stored once it goes on', async () => {
  const id = await insertOpenCall(env, 'fake-bytes')
  const answer = await createBytesAnswer([0, 1])
  const end = answer.indexOf('\n') + 20
  const writer = await env.journal.open(callOf(id, 'fake-bytes'))
  await writer.markSent()
  await writer.begin({})
  await writer.append(answer.subarray(0, end))
  const freezing = await freeze(id)
  await env.startWorker()
  await env.publishJob(id)
  await env.waitUntil(id, ({ outputs }) => outputs[0]?.state === 'stored')
  await Bun.sleep(1_500)
  clearInterval(freezing)
  await writer.append(answer.subarray(end))
  await writer.end()
  const made = await env.waitUntil(id, ({ outputs }) => outputs.every(({ state }) => state === 'stored'))
  expect(made.outputs).toHaveLength(2)
})

test('of two answers for one output the stored object is the one that its row describes', async () => {
  const id = await insertOpenCall(env, 'fake-bytes')
  await writeAnswer(env, id, 'fake-bytes', await createBytesAnswer([0, 1], 'teal'))
  await env.database`update provider_calls set outcome = 'unknown', finished_at = now() where generation_id = ${id}`
  await env.database`
    insert into provider_calls (generation_id, call, first_index, count, round, submitted_at, host, attempt)
    values (${id}, 1, 0, 2, 2, now(), ${env.journal.id}, 1)`
  await env.database`update generation_jobs set round = 2 where generation_id = ${id}`
  await writeAnswer(env, id, 'fake-bytes', await createBytesAnswer([0, 1], 'orange'), 1)
  const seen = new Set<string>()
  const put: typeof env.store.put = async (key, ...rest) => {
    const isLate = seen.has(key)
    seen.add(key)
    if (isLate) await Bun.sleep(500)
    return await env.store.put(key, ...rest)
  }
  await env.startWorker({ store: { ...env.store, put }, slots: 4, uploadConcurrency: 4 })
  await env.publishJob(id)
  expect((await env.waitUntilEnded(id)).status).toBe('completed')
  await waitFor('an empty journal', WAIT_MS, async () => (await env.journal.list(id)).length === 0)
  const rows = await env.database<{ key: string; sha256: string }[]>`
    select key, encode(sha256, 'hex') as sha256 from generation_outputs where generation_id = ${id} order by index`
  for (const { key, sha256 } of rows) {
    const object = await env.store.get(key)
    const bytes = await new Response(object?.body).bytes()
    expect(new Bun.CryptoHasher('sha256').update(bytes).digest('hex')).toBe(sha256)
  }
})

test('a generation whose answer cannot be read is not reopened for ever', async () => {
  const fake = createFakeAdapter({ url: env.fake.url })
  if (fake.submitting.kind !== 'remote') throw new Error('the fake provider is remote')
  const outputs: AsyncIterable<ProviderOutput> = {
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        throw new TypeError('a bug of the adapter')
      },
    }),
  }
  const readAnswer: typeof fake.submitting.readAnswer = async () => ({ kind: 'outputs', outputs })
  const submitting = { ...fake.submitting, readAnswer }
  const provider: Adapter = { ...fake, submitting }
  const id = await insertOpenCall(env, 'fake-bytes')
  await writeAnswer(env, id, 'fake-bytes', await createBytesAnswer([0, 1]))
  await env.database`update generation_jobs set lease_owner = null where generation_id = ${id}`
  // As after as many tries as there are.
  await env.database`
    create function exhaust() returns trigger language plpgsql as $$ begin new.failures = 100; return new; end $$`
  await env.database`
    create trigger exhaust before update on generation_jobs for each row when (new.failures > 0) execute function exhaust()`
  let runs = 0
  const list: Journal['list'] = async generationId => {
    if (generationId === undefined) runs++
    return await env.journal.list(generationId)
  }
  await env.startWorker({ journal: { ...env.journal, list }, adapters: [provider] })
  await env.publishJob(id)
  await env.waitUntil(id, ({ status }) => status === 'failed')
  const count = async () => (await env.readTransitions(id)).filter(text => text === 'failed→processing').length
  await waitFor('a second end', WAIT_MS, async () => (await count()) >= 1 && (await env.read(id)).status === 'failed')
  const end = runs + 20
  await waitFor('some runs', WAIT_MS, async () => runs > end)
  expect(await count()).toBe(1)
  // Nor by processes that it ends, again and again.
  for (let process = 0; process < 5; process++) {
    await env.stopWorkers()
    const start = runs
    await env.startWorker({ journal: { ...env.journal, list }, adapters: [provider] })
    await waitFor('some runs', WAIT_MS, async () => runs > start + 5 && (await env.read(id)).status === 'failed')
  }
  expect(await count()).toBe(3)
  await env.database`drop function exhaust cascade`
  await env.journal.remove({ generationId: id, call: 0, attempt: 1 })
})

test('a call that was given up by a second stop is unknown, and not bought again, whatever error its adapter passes on', async () => {
  const fake = createFakeAdapter({ url: env.fake.url })
  if (fake.submitting.kind !== 'remote') throw new Error('the fake provider is remote')
  let submits = 0
  // As `fetch` does: it rejects with the reason of its signal.
  const submit: typeof fake.submitting.submit = async (_, { signal }) => {
    submits++
    const aborted = Promise.withResolvers<never>()
    signal.addEventListener('abort', () => aborted.reject(signal.reason))
    return await aborted.promise
  }
  const providers: Adapter[] = [{ ...fake, submitting: { ...fake.submitting, submit } }]
  const worker = await env.startWorker({ adapters: providers })
  const id = await env.queue({ model: 'fake-bytes' })
  await waitFor('a call', WAIT_MS, async () => submits === 1)
  const stopped = worker.stop()
  worker.callsInFlight.giveUp()
  await stopped
  await env.startWorker({ adapters: [fake] })
  await env.publishJob(id)
  expect((await env.waitUntilEnded(id)).error?.code).toBe('unknown_outcome')
  expect(env.fake.requestLog.submits).toHaveLength(0)
})

test('a host is seen while one of its answers takes long to be stored', async () => {
  const id = await insertOpenCall(env, 'fake-bytes')
  await writeAnswer(env, id, 'fake-bytes', await createBytesAnswer([0, 1]))
  const [begun, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const put: typeof env.store.put = async (...args) => {
    begun.resolve()
    await released.promise
    return await env.store.put(...args)
  }
  await env.startWorker({ store: { ...env.store, put } })
  await begun.promise
  const readSeen = async () => {
    const [row] = await env.database<{ seen: string }[]>`
        select seen_at::text as seen from journal_hosts where id = ${env.journal.id}`
    return row?.seen
  }
  const before = await readSeen()
  await waitFor('another look', WAIT_MS, async () => (await readSeen()) !== before).finally(() => released.resolve())
  expect((await env.waitUntilEnded(id)).status).toBe('completed')
})

test('a restored copy that has not taken over reopens nothing', async () => {
  const id = await insertOpenCall(env, 'fake-bytes')
  await writeAnswer(env, id, 'fake-bytes', await createBytesAnswer([0, 1]))
  await failGeneration(env, id)
  await env.database`update studio set mode = 'restored'`
  let runs = 0
  const list: Journal['list'] = async generationId => {
    if (generationId === undefined) runs++
    return await env.journal.list(generationId)
  }
  await env.startWorker({ journal: { ...env.journal, list } })
  await waitFor('some runs', WAIT_MS, async () => runs > 5)
  expect((await env.read(id)).status).toBe('failed')
  await env.database`update studio set mode = 'active'`
  expect((await env.waitUntil(id, ({ status }) => status === 'completed')).outputs).toHaveLength(2)
})

test('an answer whose generation was purged from the trash leaves the journal', async () => {
  const id = await insertOpenCall(env, 'fake-bytes')
  await writeAnswer(env, id, 'fake-bytes', await createBytesAnswer([0, 1]))
  await cancelAsUser(env, id, { isPublished: false })
  await env.database`update generations set deleted_at = now() - interval '31 days' where id = ${id}`
  expect(await transaction(env.database, tx => purgeGenerations(tx, 30, { limit: 10 }))).toBe(1)
  let runs = 0
  const list: Journal['list'] = async generationId => {
    if (generationId === undefined) runs++
    return await env.journal.list(generationId)
  }
  await env.startWorker({ journal: { ...env.journal, list } })
  await waitFor('some runs', WAIT_MS, async () => runs > 5)
  const left = await env.journal.list(id)
  await env.journal.remove({ generationId: id, call: 0, attempt: 1 })
  expect(left).toEqual([])
})

/** Makes an entry look as if another process, which is frozen, wrote it. @returns the timer that keeps it so */
async function freeze(id: string): Promise<ReturnType<typeof setInterval>> {
  const path = join(env.journal.directory, `${id}.0.1.json`)
  const file = JSON.parse(await readFile(path, 'utf8'))
  await writeFile(
    path,
    JSON.stringify({ ...file, writer: { ...file.writer, id: crypto.randomUUID(), pid: process.ppid } }),
  )
  const age = () => void utimes(path, new Date(Date.now() - 90_000), new Date(Date.now() - 90_000)).catch(() => {})
  age()
  return setInterval(age, 20)
}
