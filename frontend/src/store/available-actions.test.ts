import { expect, test } from 'bun:test'
import { FAILURES } from '@darkroom/contracts/failures'
import {
  CHECKABLE_FAILURES,
  countMissing,
  formatActionHint,
  formatActionLabel,
  listActions,
} from './available-actions.ts'
import { buildGeneration } from './generation.fixture.ts'

const cost = { amount: 0.04, currency: 'USD', estimated: true }

function failed(code: string) {
  return buildGeneration({ status: 'failed', outputs: [{ state: 'failed' }], error: { code, message: 'words' }, cost })
}

test('offers only cancel for a generation that has not ended', () => {
  for (const status of ['queued', 'processing', 'uploading'] as const) {
    expect(listActions(buildGeneration({ status }))).toEqual(['cancel'])
  }
})

test('offers to make what is missing of a generation that has ended', () => {
  expect(listActions(buildGeneration({ outputs: 2 }))).toEqual([])
  expect(listActions(buildGeneration({ outputs: [{}, { state: 'temporary' }] }))).toEqual([])
  expect(listActions(buildGeneration({ outputs: [{}, { state: 'lost' }] }))).toEqual(['complete'])
  expect(listActions(buildGeneration({ status: 'cancelled', outputs: [{}, { state: 'failed' }] }))).toEqual(['retry'])
  expect(listActions(failed('content_refused'))).toEqual(['retry'])
})

test('knows the failures that can be checked as the failure table has them', () => {
  const checkable = Object.entries(FAILURES).filter(([, { canCheck }]) => canCheck)
  expect([...CHECKABLE_FAILURES]).toEqual(checkable.map(([code]) => code))
})

test('offers to check with the provider first where it may have made the outputs', () => {
  for (const code of ['unknown_outcome', 'gave_up', 'provider_silent', 'too_long', 'provider_too_long']) {
    expect(listActions(failed(code))).toEqual(['check', 'retry'])
  }
})

test('states what an action does and what it costs', () => {
  const partial = buildGeneration({ outputs: [{}, { state: 'lost' }, { state: 'failed' }], cost })
  expect([formatActionLabel('complete', partial), countMissing(partial)]).toEqual(['Get the missing 2', 2])
  expect(formatActionHint('complete', partial)).toContain('billed anew')
  expect(formatActionHint('complete', { ...partial, cost: null })).not.toContain('billed')
  expect(formatActionLabel('complete', buildGeneration({ outputs: [{}, { state: 'failed' }] }))).toBe(
    'Get the missing one',
  )
  expect(formatActionLabel('retry', failed('gave_up'))).toBe('Try again')
  expect(formatActionLabel('retry', failed('unknown_outcome'))).toBe('Make it again')
  expect(formatActionHint('retry', failed('unknown_outcome'))).toContain('billed twice')
  expect(formatActionHint('check', failed('unknown_outcome'))).toContain('Nothing is billed')
})
