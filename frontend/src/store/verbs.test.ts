import { expect, test } from 'bun:test'
import { aGeneration } from './generation.fixture.ts'
import { missingCount, verbHint, verbLabel, verbsFor } from './verbs.ts'

const cost = { amount: 0.04, currency: 'USD', estimated: true }

function failed(code: string) {
  return aGeneration({ status: 'failed', outputs: [{ state: 'failed' }], error: { code, message: 'words' }, cost })
}

test('what has not ended can be cancelled, and nothing else', () => {
  for (const status of ['queued', 'processing', 'uploading'] as const) {
    expect(verbsFor(aGeneration({ status }))).toEqual(['cancel'])
  }
})

test('what has ended can be done again as far as it is missing', () => {
  expect(verbsFor(aGeneration({ outputs: 2 }))).toEqual([])
  expect(verbsFor(aGeneration({ outputs: [{}, { state: 'temporary' }] }))).toEqual([])
  expect(verbsFor(aGeneration({ outputs: [{}, { state: 'lost' }] }))).toEqual(['complete'])
  expect(verbsFor(aGeneration({ status: 'cancelled', outputs: [{}, { state: 'failed' }] }))).toEqual(['retry'])
  expect(verbsFor(failed('content_refused'))).toEqual(['retry'])
})

test('the provider is asked first where it may have made it', () => {
  for (const code of ['unknown_outcome', 'gave_up', 'provider_silent', 'too_long', 'provider_too_long']) {
    expect(verbsFor(failed(code))).toEqual(['check', 'retry'])
  }
})

test('a verb says what it does and what it costs', () => {
  const partial = aGeneration({ outputs: [{}, { state: 'lost' }, { state: 'failed' }], cost })
  expect([verbLabel('complete', partial), missingCount(partial)]).toEqual(['Get the missing 2', 2])
  expect(verbHint('complete', partial)).toContain('billed anew')
  expect(verbHint('complete', { ...partial, cost: null })).not.toContain('billed')
  expect(verbLabel('complete', aGeneration({ outputs: [{}, { state: 'failed' }] }))).toBe('Get the missing one')
  expect(verbLabel('retry', failed('gave_up'))).toBe('Try again')
  expect(verbLabel('retry', failed('unknown_outcome'))).toBe('Submit anyway')
  expect(verbHint('retry', failed('unknown_outcome'))).toContain('billed twice')
  expect(verbHint('check', failed('unknown_outcome'))).toContain('Nothing is billed')
})
