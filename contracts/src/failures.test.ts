import { expect, test } from 'bun:test'
import { FAILURES, findFailure, publicError } from './failures.ts'

test('every code is snake case, and its sentence is one that people may be shown', () => {
  for (const [code, { message }] of Object.entries(FAILURES)) {
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/)
    expect(message).toMatch(/^[A-Z].*\.$/)
    expect(message.length).toBeLessThanOrEqual(500)
  }
})

test('after a failure whose outcome is unknown the provider can be asked again, unless what it answers makes no sense', () => {
  const unknown = Object.entries(FAILURES).filter(([, { failure }]) => failure === 'unknown')
  const unanswerable = unknown.filter(([, { canCheck }]) => !canCheck).map(([code]) => code)
  expect(unanswerable).toEqual(['provider_misbehaved'])
})

test('an error takes its sentence from the table unless it is given a more particular one', () => {
  expect(publicError('lost')).toEqual({ code: 'lost', message: FAILURES.lost.message })
  expect(publicError('lost', 'x'.repeat(600))).toEqual({ code: 'lost', message: 'x'.repeat(500) })
})

test('a code that the table does not know is no failure of ours', () => {
  expect(findFailure('gave_up')).toBe(FAILURES.gave_up)
  expect(findFailure('an_older_code')).toBeUndefined()
  expect(findFailure('toString')).toBeUndefined()
})
