import { expect, test } from 'bun:test'
import { FAILURES, findFailure, publicError } from './failures.ts'

test('every code is snake case, and its message is a sentence for users', () => {
  for (const [code, { message }] of Object.entries(FAILURES)) {
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/)
    expect(message).toMatch(/^[A-Z].*\.$/)
    expect(message.length).toBeLessThanOrEqual(500)
  }
})

test('a failure with an unknown outcome can be checked, unless the provider responds with nonsense', () => {
  const unknown = Object.entries(FAILURES).filter(([, { failure }]) => failure === 'unknown')
  const unanswerable = unknown.filter(([, { canCheck }]) => !canCheck).map(([code]) => code)
  expect(unanswerable).toEqual(['provider_misbehaved'])
})

test('a public error has the message of the table unless it is given a more specific one', () => {
  expect(publicError('lost')).toEqual({ code: 'lost', message: FAILURES.lost.message })
  expect(publicError('lost', 'x'.repeat(600))).toEqual({ code: 'lost', message: 'x'.repeat(500) })
})

test('an unknown code has no entry', () => {
  expect(findFailure('gave_up')).toBe(FAILURES.gave_up)
  expect(findFailure('an_older_code')).toBeUndefined()
  expect(findFailure('toString')).toBeUndefined()
})
