import { expect, test } from 'bun:test'
import { FAILURES } from '@darkroom/contracts/failures'
import { type SafeGetCode, SafeGetError } from '@darkroom/infra/http/safe-get/safe-get-error'
import { MediaError } from '@darkroom/infra/images/media-error'
import { toStoreOutputError } from '../outputs/store-output-error.ts'
import { describeFailure, isForbidden } from './rehost-failure.ts'

function fail(code: SafeGetCode, status?: number) {
  return toStoreOutputError(new SafeGetError(code, 'x.example did it.', status === undefined ? {} : { status }))
}

test('each failure has the code and the sentence of its kind', () => {
  const codeOf = (error: unknown) => describeFailure(error).code
  for (const code of [
    'bad-url',
    'bad-scheme',
    'bad-port',
    'userinfo',
    'blocked-address',
    'too-many-redirects',
  ] as const)
    expect([code, codeOf(fail(code))]).toEqual([code, 'fetch_refused'])
  for (const code of ['encoding', 'wrong-type', 'too-large'] as const) expect(codeOf(fail(code))).toBe('fetch_refused')
  for (const code of ['timeout', 'truncated', 'network'] as const) expect(codeOf(fail(code))).toBe('fetch_failed')
  for (const status of [401, 403, 404, 410]) expect(codeOf(fail('status', status))).toBe('lost')
  expect(codeOf(fail('status', 500))).toBe('fetch_failed')
  expect(describeFailure(toStoreOutputError(new MediaError('unfit', 'is no picture')))).toEqual({
    code: 'not_stored',
    message: 'It could not be stored: the file is no picture.',
  })
  expect(describeFailure(new Error('x')).message).toBe(FAILURES.not_stored.message)
})

test('an imported URL is refused for ever only by its text, and one of a call never', () => {
  const cases: [string, SafeGetCode, boolean][] = [
    ['http://127.0.0.1/a.png', 'blocked-address', true],
    ['http://[::1]/a.png', 'blocked-address', true],
    ['http://x.example:81/a.png', 'bad-port', true],
    ['http://x.example/a.png', 'blocked-address', false],
    ['http://1.1.1.1/a.png', 'blocked-address', false],
    ['http://127.0.0.1/a.png', 'too-large', false],
    ['http://127.0.0.1/a.png', 'network', false],
  ]
  for (const [url, code, expected] of cases) {
    expect([url, code, isForbidden({ isFromCall: false, url }, fail(code))]).toEqual([url, code, expected])
    expect(isForbidden({ isFromCall: true, url }, fail(code))).toBe(false)
  }
})
