import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdir, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createLog } from '@darkroom/infra/log'
import { createTestDirectory } from '@darkroom/infra/testing/test-resources'
import { ProviderError } from '../providers/adapter.ts'
import { type Journal, openJournal } from './journal.ts'
import { createCall, listStates, startWriter } from './journal-env.fixture.ts'

/** The journal while its folder fails, and while its writers are frozen or fenced out. */

const log = createLog({ service: 'test', level: 'silent' })
let stack: AsyncDisposableStack
let directory: string

beforeEach(async () => {
  stack = new AsyncDisposableStack()
  directory = join(stack.use(await createTestDirectory()).path, 'journal')
})
afterEach(() => stack.disposeAsync())

test('a call whose end cannot be written is not in flight for as long as the process runs', async () => {
  const journal = await openTestJournal()
  const call = createCall()
  const writer = await journal.open(call)
  await writer.markSent()
  await writer.begin({})
  await writer.append(Buffer.from('part'))
  await rename(directory, `${directory}.away`)
  expect(writer.end(new Error('ENOSPC'))).rejects.toThrow()
  await writer.end(new Error('ENOSPC')).catch(() => {})
  await rename(`${directory}.away`, directory)
  expect(await listStates(journal, call)).toEqual(['answered'])
})

test('a fenced-out writer of the same call number leaves the entry of the next attempt alone', async () => {
  const [journal, other] = [await openTestJournal(), await openTestJournal()]
  const call = createCall()
  const fenced = await journal.open(call)
  const writer = await other.open({ ...call, attempt: 2 })
  await writer.markSent()
  await writer.begin({})
  await writer.append(Buffer.from('paid'))
  await writer.end()
  // Its row could not be written: another attempt has the lease.
  await fenced.end(new ProviderError('interrupted'))
  const entries = await other.list(call.generationId)
  expect(entries.map(({ attempt, state }) => [attempt, state]).toSorted()).toEqual([
    [1, 'refused'],
    [2, 'answered'],
  ])
})

test('the call of a killed process has ended', async () => {
  const call = createCall()
  const journal = await openTestJournal()
  await using child = await startWriter(directory, call, 0)
  await child.kill()
  expect(await journal.list(call.generationId)).toMatchObject([{ state: 'unanswered', ended: true }])
})

test('what a frozen process has received of an answer is not the whole of it', async () => {
  const call = createCall()
  const journal = await openTestJournal()
  await using child = await startWriter(directory, call, 10)
  process.kill(child.pid, 'SIGSTOP')
  const past = new Date(Date.now() - 61_000)
  await utimes(join(directory, `${call.generationId}.${call.call}.${call.attempt}.json`), past, past)
  expect(await journal.list(call.generationId)).toMatchObject([{ state: 'answered', ended: false }])
  await child.kill()
  expect(await journal.list(call.generationId)).toMatchObject([{ state: 'answered', ended: true }])
})

test('an answer whose body is empty is one: its handle may be in the headers', async () => {
  const journal = await openTestJournal()
  const call = createCall()
  const writer = await journal.open(call)
  await writer.markSent()
  await writer.begin({ location: '/predictions/1' })
  await writer.end()
  expect(await listStates(journal, call)).toEqual(['answered'])
})

test('a call whose response had begun is not refused, whatever broke it off', async () => {
  const journal = await openTestJournal()
  const call = createCall()
  const writer = await journal.open(call)
  await writer.markSent()
  await writer.begin({})
  await writer.end(new ProviderError('provider_busy'))
  expect(await listStates(journal, call)).toEqual(['unanswered'])
})

test('a folder that was removed while the process runs is made again', async () => {
  const journal = await openTestJournal()
  await rm(directory, { recursive: true })
  expect(await journal.list()).toEqual([])
  const call = createCall()
  const writer = await journal.open(call)
  await writer.markSent()
  await writer.begin({})
  await writer.append(Buffer.from('whole'))
  await writer.end()
  expect(await listStates(journal, call)).toEqual(['answered'])
})

test('an answer is received to its end although its folder was removed', async () => {
  const journal = await openTestJournal()
  const call = createCall()
  const writer = await journal.open(call)
  await writer.markSent()
  await writer.begin({})
  await writer.append(Buffer.from('half '))
  const chunks: Uint8Array[] = []
  const begun = Promise.withResolvers<void>()
  const reading = (async () => {
    for await (const chunk of writer.answer.body(new AbortController().signal)) {
      chunks.push(chunk)
      begun.resolve()
    }
  })()
  await Promise.race([begun.promise, reading])
  await rm(directory, { recursive: true })
  await mkdir(directory)
  await writer.append(Buffer.from('whole'))
  await writer.end()
  await reading
  expect(Buffer.concat(chunks).toString()).toBe('half whole')
})

test('an entry that cannot be read now is not taken for none', async () => {
  const journal = await openTestJournal()
  const call = createCall()
  // Reading it fails, as it does while too many files are open.
  await mkdir(join(directory, `${call.generationId}.${call.call}.${call.attempt}.json`))
  expect(journal.list(call.generationId)).rejects.toThrow()
  await journal.list(call.generationId).catch(() => {})
  expect((await journal.list()).map(({ state }) => state)).toContain('unreadable')
})

test('an entry of a newer version is waited for, and not taken for none', async () => {
  const journal = await openTestJournal()
  const call = createCall()
  await writeFile(join(directory, `${call.generationId}.0.1.json`), '{"v":2}')
  const { generationId, attempt } = call
  expect(await journal.list(generationId)).toMatchObject([{ generationId, call: 0, attempt, state: 'unreadable' }])
})

async function openTestJournal(): Promise<Journal> {
  return await openJournal({ directory, log })
}
