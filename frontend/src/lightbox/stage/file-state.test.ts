import { expect, test } from 'bun:test'
import { readFileState } from './file-state.ts'

test('tells a file that is gone from one that is not reached, and from one that is there', async () => {
  const stateOf = (respond: () => Promise<Response>) =>
    readFileState('/media/a.png', { fetch: Object.assign(respond, { preconnect: () => undefined }) })
  for (const [status, state] of [
    [200, 'present'],
    [206, 'present'],
    [404, 'gone'],
    [410, 'gone'],
    [502, 'unreachable'],
    [503, 'unreachable'],
  ] as const)
    expect([status, await stateOf(async () => new Response('a', { status }))]).toEqual([status, state])
  expect(await stateOf(() => Promise.reject(new TypeError('Failed to fetch')))).toBe('unreachable')
})
