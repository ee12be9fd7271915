import { expect, test } from 'bun:test'
import { createOpenerPolicy } from './opener-policy.ts'

test.each([
  [undefined, 'same-origin'],
  ['http://localhost:3000', 'same-origin'],
  ['http://127.0.0.1:3000', 'same-origin'],
  ['https://studio.example', 'same-origin'],
  ['http://192.168.1.7:3000', undefined],
  ['http://studio.lan', undefined],
])('a studio at %p has the opener policy %p', (PUBLIC_URL, policy) => {
  expect(createOpenerPolicy({ PUBLIC_URL })['cross-origin-opener-policy']).toBe(policy)
})
