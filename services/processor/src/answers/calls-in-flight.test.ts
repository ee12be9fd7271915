import { expect, test } from 'bun:test'
import { createLog } from '@darkroom/infra/log'
import { createTestDirectory } from '@darkroom/infra/testing/test-resources'
import { ProviderError, type RawAnswer } from '../providers/adapter.ts'
import { createCallsInFlight } from './calls-in-flight.ts'
import { type AnswerWriter, openJournal } from './journal.ts'

const CALL = { generationId: crypto.randomUUID(), call: 0, attempt: 1, provider: 'fake', model: 'fake-bytes' }
const CHUNKS = ['first ', 'second ', 'third'].map(text => new TextEncoder().encode(text))
const neverAborted = new AbortController().signal

test('an answer is whole although the disk took none of it for a while', async () => {
  await using env = await openEnv()
  let refusals = 4
  const refuse = async () => {
    if (refusals-- > 0) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
  }
  const writer: AnswerWriter = {
    ...env.writer,
    begin: async headers => refuse().then(() => env.writer.begin(headers)),
    append: async chunk => refuse().then(() => env.writer.append(chunk)),
  }
  env.calls.send(writer, { deadlineMs: 60_000, submit: async () => createAnswer() })
  expect(await readText(writer)).toBe('first second third')
  await env.calls.settled()
  expect(await env.listStates()).toEqual(['answered'])
})

test('a call that was given up ends, and is no longer in flight although the disk does not take its end', async () => {
  await using env = await openEnv()
  const writer: AnswerWriter = {
    ...env.writer,
    end: async error => {
      await env.writer.end(error)
      throw new Error('no space left on device')
    },
  }
  const submit = (signal: AbortSignal) =>
    new Promise<RawAnswer>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  env.calls.send(writer, { deadlineMs: 60_000, submit })
  expect(env.calls.list(CALL.generationId)).toMatchObject([{ ...CALL, remainingSeconds: 60 }])
  env.calls.giveUp()
  await env.calls.settled(CALL.generationId)
  expect(env.calls.list()).toEqual([])
  expect(writer.answer.headers()).rejects.toBeInstanceOf(ProviderError)
})

test('a call whose deadline passes is ended with the error of its request', async () => {
  await using env = await openEnv()
  const submit = (signal: AbortSignal) =>
    new Promise<RawAnswer>((_, reject) =>
      signal.addEventListener('abort', () => reject(new ProviderError('provider_silent'))),
    )
  env.calls.send(env.writer, { deadlineMs: 1, submit })
  await env.calls.settled()
  expect(env.writer.answer.headers()).rejects.toMatchObject({ code: 'provider_silent' })
  expect(await env.listStates()).toEqual(['unanswered'])
})

async function openEnv() {
  const directory = await createTestDirectory()
  const log = createLog({ service: 'test', level: 'silent' })
  const journal = await openJournal({ directory: directory.path, log })
  const writer = await journal.open(CALL)
  await writer.markSent()
  return {
    writer,
    calls: createCallsInFlight(),
    listStates: async () => (await journal.list(CALL.generationId)).map(({ state }) => state),
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  }
}

function createAnswer(): RawAnswer {
  return { headers: {}, body: iterate(CHUNKS) }
}

async function* iterate(chunks: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}

async function readText({ answer }: AnswerWriter): Promise<string> {
  await answer.headers()
  return Buffer.concat(await Array.fromAsync(answer.body(neverAborted))).toString()
}
