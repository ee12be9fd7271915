import { expect, test } from 'bun:test'
import { STATUSES } from './enums.ts'
import { canTransition, isTerminal, sourceStatuses } from './lifecycle.ts'

/** Every legal transition, and its cause. */
const LEGAL_TRANSITIONS = {
  'queued → processing': 'claimed',
  'queued → failed': 'out of attempts',
  'queued → cancelled': 'by the user',
  'processing → processing': 'claimed again, attempt + 1',
  'processing → uploading': 'the provider has finished',
  'processing → failed': 'refused, or out of attempts',
  'processing → cancelled': 'by the user',
  'uploading → uploading': 'claimed again, attempt + 1',
  'uploading → completed': 'at least one output is stored',
  'uploading → failed': 'no output is stored',
  'uploading → cancelled': 'by the user',
  'completed → queued': 'the user requests the missing outputs',
  'failed → queued': "the user's retry",
  'failed → processing': 'the provider is polled again, by the stored request id',
  'cancelled → queued': "the user's retry",
}

const PAIRS = STATUSES.flatMap(from => STATUSES.map(to => ({ from, to, name: `${from} → ${to}` })))

for (const { from, to, name } of PAIRS) {
  const legal = Object.hasOwn(LEGAL_TRANSITIONS, name)
  test(`${name} is ${legal ? 'legal' : 'illegal'}`, () => expect(canTransition(from, to)).toBe(legal))
}

test('the source statuses are those with a transition to the status', () => {
  for (const to of STATUSES) expect(sourceStatuses(to)).toEqual(STATUSES.filter(from => canTransition(from, to)))
})

test('completed, failed and cancelled are terminal', () => {
  expect(STATUSES.filter(isTerminal)).toEqual(['completed', 'failed', 'cancelled'])
})
