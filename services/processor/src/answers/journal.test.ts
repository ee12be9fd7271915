import { afterAll, beforeAll, expect, spyOn, test } from 'bun:test'
import { appendFile, readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createLog } from '@darkroom/infra/log'
import { createTestDirectory } from '@darkroom/infra/testing/test-resources'
import fc from 'fast-check'
import { ProviderError } from '../providers/adapter.ts'
import { type Journal, openJournal } from './journal.ts'
import { createCall, listStates, readBytes, startWriter } from './journal-env.fixture.ts'

const log = createLog({ service: 'test', level: 'silent' })
const stack = new AsyncDisposableStack()
let directory: string

beforeAll(async () => {
  directory = stack.use(await createTestDirectory()).path
})
afterAll(() => stack.disposeAsync())

test('reads an answer while it arrives, again after its end, and in another process of the same host', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 400 }), { minLength: 1, maxLength: 8 }),
      async chunks => {
        const [journal, other] = [await openTestJournal(), await openTestJournal()]
        const call = createCall()
        const writer = await journal.open(call)
        const following = readBytes(writer.answer)
        await writer.markSent()
        await writer.begin({ 'content-type': 'image/png' })
        for (const chunk of chunks) await writer.append(chunk)
        await writer.end()
        const whole = Buffer.concat(chunks)
        expect(await following).toEqual(whole)
        expect(await readBytes(writer.answer)).toEqual(whole)
        const [entry] = await other.list(call.generationId)
        if (entry?.state !== 'answered') throw new Error(`expected an answer, not ${entry?.state}`)
        expect(await entry.answer.headers()).toEqual({ 'content-type': 'image/png' })
        expect(await readBytes(entry.answer)).toEqual(whole)
        await journal.remove(call)
        expect(await other.list(call.generationId)).toEqual([])
      },
    ),
    { numRuns: 12 },
  )
})

test('has one identity for all processes that open the folder, and lists no file of its own as a call', async () => {
  const journals = await Promise.all(Array.from({ length: 8 }, openTestJournal))
  expect(new Set(journals.map(({ id }) => id)).size).toBe(1)
  expect(await journals[0]?.list()).toEqual([])
})

test('lists all calls, and reads no other file of the folder', async () => {
  await using own = await createTestDirectory()
  using error = spyOn(log, 'error')
  const journal = await openJournal({ directory: own.path, log })
  const call = createCall()
  const writer = await journal.open(call)
  await writer.end()
  await writeFile(join(own.path, 'notes.txt'), 'not ours')
  expect(await journal.list()).toMatchObject([{ generationId: call.generationId }])
  expect(error.mock.calls).toEqual([])
})

test('a call that was announced by a killed process was not sent', async () => {
  const call = createCall()
  const journal = await openTestJournal()
  await using child = await startWriter(directory, call, -1)
  expect(await listStates(journal, call)).toEqual(['in-flight'])
  await child.kill()
  expect(await journal.list(call.generationId)).toMatchObject([{ state: 'refused', error: { code: 'interrupted' } }])
})

test('is in flight while its process runs, and unanswered once it has ended without a byte', async () => {
  const call = createCall()
  const journal = await openTestJournal()
  await using child = await startWriter(directory, call, 0)
  expect(await listStates(journal, call)).toEqual(['in-flight'])
  await child.kill()
  expect(await listStates(journal, call)).toEqual(['unanswered'])
})

test('has what a killed process had received, whatever came after', async () => {
  const call = createCall()
  const journal = await openTestJournal()
  await using child = await startWriter(directory, call, 70000)
  await child.kill()
  const [entry] = await journal.list(call.generationId)
  if (entry?.state !== 'answered') throw new Error(`expected an answer, not ${entry?.state}`)
  expect(await readBytes(entry.answer)).toEqual(Buffer.alloc(70_000, 7))
})

test('gives readers the error after the last byte, and others the bytes alone', async () => {
  const journal = await openTestJournal()
  const call = createCall()
  const writer = await journal.open(call)
  await writer.markSent()
  await writer.begin({})
  await writer.append(Buffer.from('half'))
  const error = new ProviderError('provider_unreachable')
  await writer.end(error)
  expect(readBytes(writer.answer)).rejects.toBe(error)
  const [entry] = await (await openTestJournal()).list(call.generationId)
  expect(entry?.state === 'answered' && (await readBytes(entry.answer)).toString()).toBe('half')
})

test.each([
  [new ProviderError('rate_limited', { retryAfterSeconds: 7 }), 'refused'],
  [new ProviderError('content_refused', { message: 'No.' }), 'refused'],
  [new ProviderError('provider_silent'), 'unanswered'],
  [new Error('a bug'), 'unanswered'],
])('remembers %s as %s', async (error, state) => {
  const journal = await openTestJournal()
  const call = createCall()
  const writer = await journal.open(call)
  await writer.markSent()
  await writer.end(error)
  expect(writer.answer.headers()).rejects.toBe(error)
  const [entry] = await (await openTestJournal()).list(call.generationId)
  expect(entry).toMatchObject({ ...call, state })
  if (entry?.state === 'refused') {
    const { code, message, failure, retryAfterSeconds } = error as ProviderError
    expect(entry.error).toMatchObject({ code, message, failure, retryAfterSeconds })
  }
})

test('removing a refused call leaves the next call of the same number alone', async () => {
  const journal = await openTestJournal()
  const call = createCall()
  const refused = await journal.open(call)
  await refused.markSent()
  await refused.end(new ProviderError('rate_limited'))
  const writer = await journal.open({ ...call, attempt: 2 })
  await writer.markSent()
  // As a sweep does that had listed the first call before.
  await journal.remove(call)
  await writer.begin({})
  await writer.append(Buffer.from('new'))
  await writer.end()
  const entries = await journal.list(call.generationId)
  expect(entries.map(({ attempt, state }) => [attempt, state])).toEqual([[2, 'answered']])
  const [entry] = entries
  expect(entry?.state === 'answered' && (await readBytes(entry.answer)).toString()).toBe('new')
})

test('an unreadable entry and unknown files hide no other call', async () => {
  const journal = await openTestJournal()
  const call = createCall()
  const writer = await journal.open(call)
  await writer.markSent()
  await writer.end(new ProviderError('provider_silent'))
  await writeFile(join(directory, `${crypto.randomUUID()}.0.1.json`), '{"v":1')
  await appendFile(join(directory, 'notes.txt'), 'not ours')
  expect(await listStates(journal, call)).toEqual(['unanswered'])
  expect(await readdir(directory)).toContain('notes.txt')
})

test('the call of a process that has been frozen for a minute is unanswered', async () => {
  const call = createCall()
  const journal = await openTestJournal()
  await using child = await startWriter(directory, call, 0)
  process.kill(child.pid, 'SIGSTOP')
  const past = new Date(Date.now() - 61_000)
  await utimes(join(directory, `${call.generationId}.${call.call}.${call.attempt}.json`), past, past)
  expect(await listStates(journal, call)).toEqual(['unanswered'])
  process.kill(child.pid, 'SIGCONT')
})

test('removes what a killed process has left, once it is old', async () => {
  const names = ['left.json.1.new', `${crypto.randomUUID()}.0.1.body`]
  const past = new Date(Date.now() - 2 * 3_600_000)
  for (const name of names) await writeFile(join(directory, name), 'x')
  await openTestJournal()
  expect(await readdir(directory)).toEqual(expect.arrayContaining(names))
  for (const name of names) await utimes(join(directory, name), past, past)
  await openTestJournal()
  expect(await readdir(directory)).not.toEqual(expect.arrayContaining([names[0]]))
  expect(await readdir(directory)).not.toEqual(expect.arrayContaining([names[1]]))
})

test('a reader that is aborted leaves the answer to others', async () => {
  const journal = await openTestJournal()
  const writer = await journal.open(createCall())
  await writer.markSent()
  await writer.begin({})
  const stop = new AbortController()
  const reading = Array.fromAsync(writer.answer.body(stop.signal))
  stop.abort(new Error('stopped'))
  expect(reading).rejects.toThrow('stopped')
  await writer.append(Buffer.from('whole'))
  await writer.end()
  expect((await readBytes(writer.answer)).toString()).toBe('whole')
})

async function openTestJournal(): Promise<Journal> {
  return await openJournal({ directory: join(directory), log })
}
