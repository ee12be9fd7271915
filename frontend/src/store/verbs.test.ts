import { expect, test } from 'bun:test'
import { buildGeneration } from './generation.fixture.ts'
import { countMissing, formatVerbHint, formatVerbLabel, listVerbs } from './verbs.ts'

const cost = { amount: 0.04, currency: 'USD', estimated: true }

function failed(code: string) {
  return buildGeneration({ status: 'failed', outputs: [{ state: 'failed' }], error: { code, message: 'words' }, cost })
}

test('offers only cancel for a generation that has not ended', () => {
  for (const status of ['queued', 'processing', 'uploading'] as const) {
    expect(listVerbs(buildGeneration({ status }))).toEqual(['cancel'])
  }
})

test('offers to make what is missing of a generation that has ended', () => {
  expect(listVerbs(buildGeneration({ outputs: 2 }))).toEqual([])
  expect(listVerbs(buildGeneration({ outputs: [{}, { state: 'temporary' }] }))).toEqual([])
  expect(listVerbs(buildGeneration({ outputs: [{}, { state: 'lost' }] }))).toEqual(['complete'])
  expect(listVerbs(buildGeneration({ status: 'cancelled', outputs: [{}, { state: 'failed' }] }))).toEqual(['retry'])
  expect(listVerbs(failed('content_refused'))).toEqual(['retry'])
})

test('offers to check with the provider first where it may have made the outputs', () => {
  for (const code of ['unknown_outcome', 'gave_up', 'provider_silent', 'too_long', 'provider_too_long']) {
    expect(listVerbs(failed(code))).toEqual(['check', 'retry'])
  }
})

test('states what a verb does and what it costs', () => {
  const partial = buildGeneration({ outputs: [{}, { state: 'lost' }, { state: 'failed' }], cost })
  expect([formatVerbLabel('complete', partial), countMissing(partial)]).toEqual(['Get the missing 2', 2])
  expect(formatVerbHint('complete', partial)).toContain('billed anew')
  expect(formatVerbHint('complete', { ...partial, cost: null })).not.toContain('billed')
  expect(formatVerbLabel('complete', buildGeneration({ outputs: [{}, { state: 'failed' }] }))).toBe(
    'Get the missing one',
  )
  expect(formatVerbLabel('retry', failed('gave_up'))).toBe('Try again')
  expect(formatVerbLabel('retry', failed('unknown_outcome'))).toBe('Submit anyway')
  expect(formatVerbHint('retry', failed('unknown_outcome'))).toContain('billed twice')
  expect(formatVerbHint('check', failed('unknown_outcome'))).toContain('Nothing is billed')
})
