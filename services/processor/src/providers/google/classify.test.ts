import { expect, test } from 'bun:test'
import { classifyGoogle, isBackgroundRefused } from './classify.ts'

function refuse(status: number, error: unknown) {
  return { status, headers: new Headers(), body: { error } }
}

test.each([
  [400, { status: 'INVALID_ARGUMENT', message: 'API key not valid. Please pass a valid API key.' }, 'key_refused'],
  [400, { message: 'x', details: [{ reason: 'API_KEY_INVALID' }] }, 'key_refused'],
  [403, { message: 'Your API key was reported as leaked. Please use another API key.' }, 'key_refused'],
  [403, { status: 'PERMISSION_DENIED', message: 'The caller does not have permission' }, 'no_permission'],
  [429, { message: 'Your prepayment credits are depleted.' }, 'payment_required'],
  [429, { message: 'Quota exceeded for metric: x/generate_content_free_tier_requests, limit: 0' }, 'payment_required'],
  [400, { status: 'FAILED_PRECONDITION', message: 'Please enable billing on your project.' }, 'payment_required'],
  [
    400,
    { status: 'FAILED_PRECONDITION', message: 'User location is not supported for the API use.' },
    'provider_refused',
  ],
  [429, { status: 'RESOURCE_EXHAUSTED', message: 'Resource has been exhausted.' }, 'rate_limited'],
  [400, { message: 'The prompt was blocked for safety.' }, 'content_refused'],
  [400, { message: 'Unable to process input image.' }, 'reference_refused'],
  [400, { message: 'Aspect ratio 7:1 is not supported.' }, 'setting_refused'],
  [400, { message: 'x', details: [{ fieldViolations: [{ field: 'image_size' }] }] }, 'setting_refused'],
  [
    400,
    { message: 'x', details: [7, { fieldViolations: [{ field: 'contents[0].parts[1].inline_data' }] }] },
    'reference_refused',
  ],
] as const)('%i %j is %s', (status, error, code) => {
  expect(classifyGoogle(refuse(status, error))?.code).toBe(code)
  expect(classifyGoogle({ ...refuse(status, error), body: [{ error }] })?.code).toBe(code)
})

test('leaves to the status what says nothing more', () => {
  for (const [status, error] of [
    [500, { message: 'API key not valid' }],
    [503, { message: 'overloaded' }],
    [404, { message: 'models/x is not found' }],
    [401, { message: 'x' }],
    [400, {}],
  ] as const)
    expect(classifyGoogle(refuse(status, error))).toBeUndefined()
  expect(classifyGoogle({ ...refuse(400, {}), body: '<html>' })).toBeUndefined()
})

test('reads the time of the next try', () => {
  const seconds = (retryDelay: unknown) =>
    classifyGoogle(refuse(429, { message: 'x', details: [{ violations: [] }, { retryDelay }] }))?.retryAfterSeconds
  expect(['36s', '3.5s', '0s', 'soon', 36].map(seconds)).toEqual([36, 3.5, 0, undefined, undefined])
})

test('takes for a refusal of the background only a 400 that names the field', () => {
  const field = (name: string) => ({ details: [{ fieldViolations: [{ field: name }] }] })
  const status = 'INVALID_ARGUMENT'
  expect(isBackgroundRefused(refuse(400, { status, message: 'x', ...field('background') }))).toBe(true)
  expect(isBackgroundRefused(refuse(400, { status, message: 'Background is not supported.' }))).toBe(true)
  expect(isBackgroundRefused(refuse(400, { status, message: 'The background is odd.', ...field('input') }))).toBe(false)
  expect(isBackgroundRefused(refuse(400, { status: 'FAILED_PRECONDITION', message: 'background' }))).toBe(false)
  expect(isBackgroundRefused(refuse(400, { status, message: 'Invalid value.' }))).toBe(false)
  for (const other of [401, 404, 409, 429, 500, 503])
    expect(isBackgroundRefused(refuse(other, { status, message: 'background', ...field('background') }))).toBe(false)
  expect(isBackgroundRefused({ ...refuse(400, {}), body: 'background' })).toBe(false)
})
