import { expect, test } from 'bun:test'
import { buildGeneration } from '../../store/generation.fixture.ts'
import { formatRowMessage } from './row-message.ts'

const NOW = Date.parse('2026-11-22T12:00:00Z')
const REFUSED = {
  state: 'failed',
  url: null,
  error: { code: 'output_refused', message: 'The provider refused it.' },
} as const

function messageOf(fields: Parameters<typeof buildGeneration>[0]): string | null {
  return formatRowMessage(buildGeneration(fields), 'Replicate', NOW)
}

test('has no message where all is well, and none where a panel has it', () => {
  expect(messageOf({ outputs: 4 })).toBeNull()
  expect(messageOf({ outputs: 4, status: 'processing' })).toBeNull()
  expect(messageOf({ outputs: [REFUSED], status: 'failed' })).toBeNull()
})

test('says the same reason once, however many outputs have it', () => {
  expect(messageOf({ outputs: [{}, REFUSED, REFUSED, REFUSED] })).toBe('3 of 4 were not made. The provider refused it.')
  expect(messageOf({ outputs: [{}, REFUSED, { ...REFUSED, error: { code: 'x', message: 'Too large.' } }] })).toBe(
    '2 of 3 were not made. The provider refused it. Too large.',
  )
})

test('says that what is missing costs again, where the generation has a cost', () => {
  const cost = { amount: 0.04, currency: 'USD', estimated: false }
  expect(messageOf({ outputs: [{}, REFUSED], cost })).toEndWith('What is missing is billed anew.')
})

test('names where an output is that is not saved yet, until when, and counts no deleted ones', () => {
  const temporary = { state: 'temporary', expiresAt: '2026-11-22T12:42:10Z' } as const
  expect(messageOf({ outputs: [{}, temporary, { state: 'deleted', url: null }] })).toBe(
    '1 of 2 is still only at Replicate, which deletes it in 42 min. Saved as soon as there is space and a connection.',
  )
  expect(messageOf({ outputs: [{}, { state: 'lost' }] })).toBe('1 of 2: deleted by Replicate before it could be saved.')
})

test('has the reason of what cannot be fetched, in place of a deadline or a deletion', () => {
  const error = { code: 'fetch_refused', message: 'The studio does not fetch it: it is inside.' }
  const reason = 'the studio does not fetch it: it is inside.'
  expect(messageOf({ outputs: [{}, { state: 'temporary', error }] })).toBe(`1 of 2: ${reason}`)
  expect(messageOf({ outputs: [{}, { state: 'lost', error }, { state: 'lost', error }] })).toBe(`2 of 3: ${reason}`)
  expect(messageOf({ outputs: [{}, { state: 'lost', error }, { state: 'lost' }] })).toBe(
    `1 of 3: ${reason} 1 of 3: deleted by Replicate before it could be saved.`,
  )
})

test('has the reason of a wait as a sentence', () => {
  const waiting = { reason: 'rate-limited', until: null } as const
  expect(messageOf({ status: 'queued', outputs: 1, waiting })).toBe('Replicate asks to wait.')
})
