import { expect, test } from 'bun:test'
import { readIdempotencyKey } from './idempotency-key.ts'

const WORKSPACE = '00000000-0000-7000-8000-000000000002'
const UUID = '0190a0b0-c0d0-7000-8000-00000000000a'
const read = (key?: string, workspace = WORKSPACE) =>
  readIdempotencyKey(
    new Request('http://localhost/', key === undefined ? {} : { headers: { 'idempotency-key': key } }),
    workspace,
  )

test.each([UUID, `"${UUID}"`, UUID.toUpperCase()])('uses the UUID %s itself', key => expect(read(key)).toBe(UUID))

test('gives a text the same UUID in its workspace, in quotes or not, and another one elsewhere', () => {
  expect(read()).toBeUndefined()
  expect(read('order-17/a=b:c')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5/)
  expect(read('"order-17/a=b:c"')).toBe(read('order-17/a=b:c') ?? '')
  expect(read('"a \\"b\\" \\\\, c;"')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5/)
  expect(read('order-17', UUID)).not.toBe(read('order-17') ?? '')
})

test.each(['', '""', '"a', 'a"b', 'a, b', '"a", "b"', 'a b', '"a";b=1', '"a\\b"', 'é', 'x'.repeat(256)])(
  'refuses the key %j',
  key => expect(() => read(key)).toThrow(/^Idempotency-Key must be one text/),
)
