import { expect, test } from 'bun:test'
import { canSendAgain, describeProblem, RejectedError, toRequestError, UnavailableError } from './request-error.ts'

const UNAVAILABLE = { code: 'unavailable', detail: 'A part of the studio is starting again.' }

test.each([502, 503, 504])('takes a %d for a studio that is away, not for a refusal', status => {
  const error = toRequestError({ status, body: null, retryAfter: null })
  expect(error).toBeInstanceOf(UnavailableError)
  expect(describeProblem(error)).toBe('The studio cannot be reached.')
  expect(canSendAgain(error)).toBe(true)
})

test('reads the words and the delay of a 503', () => {
  const error = toRequestError({ status: 503, body: UNAVAILABLE, retryAfter: '5' })
  expect(error).toMatchObject({ message: UNAVAILABLE.detail, status: 503, retryAfterMs: 5_000 })
})

test.each([
  [null, 0],
  ['', 0],
  ['-1', 0],
  ['Wed, 21 Oct 2026 07:28:00 GMT', 0],
  ['86400', 60_000],
])('reads the delay %j as %d ms', (retryAfter, retryAfterMs) => {
  expect(toRequestError({ status: 503, body: null, retryAfter })).toMatchObject({ retryAfterMs })
})

test.each([400, 409, 422, 429, 500])('takes a %d for a refusal that the same request would get again', status => {
  const error = toRequestError({ status, body: { detail: 'Not like this.' }, retryAfter: '1' })
  expect(error).toBeInstanceOf(RejectedError)
  expect(error).toMatchObject({ message: 'Not like this.', status })
  expect(canSendAgain(error)).toBe(false)
})

test('takes a full disk for a refusal in its own words, after which the same request may succeed', () => {
  const body = { code: 'disk_full', detail: 'The disk is full. Make room on it, then try again.' }
  const error = toRequestError({ status: 507, body, retryAfter: null })
  expect(error).toBeInstanceOf(RejectedError)
  expect(describeProblem(error)).toBe(body.detail)
  expect(canSendAgain(error)).toBe(true)
})
