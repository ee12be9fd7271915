import { expect, test } from 'bun:test'
import { FAILURES } from '@darkroom/contracts/failures'
import { buildGeneration } from '../store/generation.fixture.ts'
import { formatFailure, formatHelpLabel, helpWithFailure } from './failure-help.ts'

const cost = { amount: 0.04, currency: 'USD', estimated: true }

function failed(code: string, overrides: Parameters<typeof buildGeneration>[0] = {}) {
  return buildGeneration({ status: 'failed', outputs: [{}], error: { code, message: 'A reason.' }, cost, ...overrides })
}

test('offers first what helps, for every failure', () => {
  const first = (code: string) => {
    const generation = failed(code)
    const [action] = helpWithFailure(generation).actions
    return action && formatHelpLabel(action, generation)
  }
  // One that was replaced is made already.
  const codes = Object.keys(FAILURES).filter(code => code !== 'replaced')
  const labels = Object.fromEntries(codes.map(code => [code, first(code)]))
  expect(Object.values(labels)).not.toContain(undefined)
  expect(labels).toMatchObject({
    key_refused: 'Open Connections',
    payment_required: 'Open Connections',
    content_refused: 'Edit prompt',
    output_refused: 'Edit prompt',
    setting_refused: 'Edit settings',
    reference_refused: 'Edit references',
    model_unknown: 'Try another model',
    rate_limited: 'Try again',
    request_gone: 'Try again',
    unknown_outcome: 'Ask the provider again',
    cancelled: 'Try again',
  })
})

test('repeats a refused request only if something about it is changed', () => {
  expect(helpWithFailure(failed('content_refused')).actions).toEqual(['edit-prompt', 'other-model'])
  expect(helpWithFailure(failed('key_refused')).actions).toEqual(['connections', 'retry'])
})

test('offers what the studio takes for a generation whose outputs were all lost', () => {
  const lost = buildGeneration({ outputs: [{ state: 'lost', url: null }] })
  expect(helpWithFailure(lost).actions).toEqual(['complete'])
  expect(formatFailure(lost)).toBe('The provider deleted it before it could be saved.')
})

test('says of a generation without its pictures whether they can be restored', () => {
  const deleted = { state: 'deleted', url: null } as const
  const purged = { ...deleted, error: { code: 'purged', message: 'It is deleted permanently.' } }
  const help = 'They can be restored from the menu until they are deleted permanently.'
  expect(formatFailure(buildGeneration({ outputs: [deleted] }))).toBe(help)
  expect(formatFailure(buildGeneration({ outputs: [purged, deleted] }))).toBe(help)
  expect(formatFailure(buildGeneration({ outputs: [purged] }))).toBe('It is deleted permanently.')
})

test('a title is short, and a cancelled generation has its own', () => {
  for (const code of Object.keys(FAILURES)) expect(helpWithFailure(failed(code)).title.length).toBeLessThan(40)
  expect(helpWithFailure(failed('cancelled', { status: 'cancelled' })).title).toBe('Cancelled')
  expect(helpWithFailure(failed('an_older_code')).title).toBe('This did not work')
})

test('states what was billed', () => {
  expect(formatFailure(failed('provider_failed'))).toBe('A reason. About $0.04 may have been billed.')
  expect(formatFailure(failed('provider_failed', { cost: { ...cost, estimated: false } }))).toBe(
    'A reason. $0.04 was billed.',
  )
  expect(formatFailure(failed('content_refused', { cost: { ...cost, amount: 0 } }))).toBe(
    'A reason. Nothing was billed.',
  )
  expect(formatFailure(failed('content_refused', { cost: null }))).toBe('A reason.')
})

test('names what it may have cost where the outcome is unknown, and asks before it is made again', () => {
  const unknown = failed('unknown_outcome')
  expect(formatFailure(unknown)).toContain('It may have been made and billed (about $0.04). Make it again?')
  expect(helpWithFailure(unknown).actions.map(action => formatHelpLabel(action, unknown))).toEqual([
    'Ask the provider again',
    'Make it again',
  ])
})
