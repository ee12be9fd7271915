import { expect } from 'bun:test'
import type { AnswerBehavior } from '../../testing/fake-provider/behavior.ts'
import { parseGenerationId } from '../../testing/invariants/check-purchases.ts'
import { isFinished } from '../../testing/studio/studio-client.ts'
import type { TestStack } from '../../testing/studio/test-stack.ts'
import { createImageDraft } from './load.ts'
import { listOutputStates } from './stack-actions.ts'

/** Answers with bytes without a delay, in pieces. */
export const FIXED_ANSWER: AnswerBehavior = { slowOneIn: 1, delayMs: [0, 0], pieceBytes: 4_096, pieceMs: 5, cut: null }

const END_TIMEOUT_MS = 90_000

/** Submits generations, and waits until the provider has received a call of each. @returns their ids */
export async function submitAndWaitUntilSent(stack: TestStack, model: string, count: number): Promise<string[]> {
  const drafts = Array.from({ length: count }, (_, at) => ({ ...createImageDraft(`${model} ${at}`), model }))
  const ids = (await Promise.all(drafts.map(draft => stack.client.submit(draft)))).map(({ id }) => id)
  await stack.fake.waitForRequests(({ answers }) => {
    const sent = new Set(answers.map(({ idempotencyKey }) => parseGenerationId(idempotencyKey)))
    return ids.every(id => sent.has(id))
  })
  return ids
}

/** Checks that generations end with all their outputs stored, after one call to the provider each. */
export async function expectStoredOnce(stack: TestStack, ids: readonly string[], numOutputs = 2): Promise<void> {
  const made = await Promise.all(ids.map(id => stack.client.waitForGeneration(id, isFinished, END_TIMEOUT_MS)))
  const { answers } = await stack.fake.readRequestLog()
  const ended = made.map(generation => ({
    status: generation.status,
    error: generation.error?.code ?? null,
    states: listOutputStates(generation),
    calls: answers.filter(
      ({ idempotencyKey, id }) => id !== null && parseGenerationId(idempotencyKey) === generation.id,
    ).length,
  }))
  const expected = { status: 'completed', error: null, states: Array(numOutputs).fill('stored'), calls: 1 }
  expect(ended).toEqual(Array(ids.length).fill(expected))
}
