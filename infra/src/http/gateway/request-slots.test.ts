import { expect, test } from 'bun:test'
import { countMaxRequests, createRequestSlots } from './request-slots.ts'

test('a client has at most half of the slots, and all have their number', () => {
  const slots = createRequestSlots(4)
  const release = slots.take('a')
  expect([typeof release, typeof slots.take('a'), slots.take('a')]).toEqual(['function', 'function', 'client-full'])
  expect([typeof slots.take('b'), typeof slots.take('c'), slots.take('d')]).toEqual(['function', 'function', 'full'])
  if (typeof release !== 'function') throw new Error('no slot')
  release()
  release()
  expect([typeof slots.take('d'), slots.take('e')]).toEqual(['function', 'full'])
})

test('has the slots that the process was started with', () => {
  expect(countMaxRequests({})).toBe(240)
  expect(countMaxRequests({ BUN_CONFIG_MAX_HTTP_REQUESTS: '8192' })).toBe(8_176)
  for (const wrong of ['', 'x', '-1', '3']) expect(countMaxRequests({ BUN_CONFIG_MAX_HTTP_REQUESTS: wrong })).toBe(240)
})
