import { expect, test } from 'bun:test'
import { STATUSES } from './enums.ts'
import { canTransition, isTerminal, sourceStatuses } from './lifecycle.ts'

/** Every move there is, and why. What is not in here must not happen. */
const MOVES = {
  'queued → processing': 'claimed',
  'queued → failed': 'cannot be tried any more',
  'queued → cancelled': 'by the person',
  'processing → processing': 'claimed anew, attempt + 1',
  'processing → uploading': 'the provider has finished',
  'processing → failed': 'refused, or out of tries',
  'processing → cancelled': 'by the person',
  'uploading → uploading': 'claimed anew, attempt + 1',
  'uploading → completed': 'at least one output is there',
  'uploading → failed': 'none is',
  'uploading → cancelled': 'by the person',
  'completed → queued': 'the missing outputs, asked for by the person',
  'failed → queued': "the person's retry",
  'failed → processing': 'the provider is asked again, by the stored request id',
  'cancelled → queued': "the person's retry",
}

const PAIRS = STATUSES.flatMap(from => STATUSES.map(to => ({ from, to, name: `${from} → ${to}` })))

for (const { from, to, name } of PAIRS) {
  const legal = Object.hasOwn(MOVES, name)
  test(`${name} is ${legal ? 'a move' : 'none'}`, () => expect(canTransition(from, to)).toBe(legal))
}

test('the sources of a status are where a move to it begins', () => {
  for (const to of STATUSES) expect(sourceStatuses(to)).toEqual(STATUSES.filter(from => canTransition(from, to)))
})

test('only a person moves a generation on from a terminal status', () => {
  expect(STATUSES.filter(isTerminal)).toEqual(['completed', 'failed', 'cancelled'])
})
