import { expect, test } from 'bun:test'
import { DeadlineError } from '../runtime/timers.ts'
import { isTransientDbError } from './errors.ts'

const coded = (code: string) => Object.assign(new Error(code), { code })

test.each(['CONNECTION_CLOSED', 'ECONNREFUSED', '57P01', '57P03', '55P03', '57014', '53300', '40P01', '08006'])(
  '%s is transient',
  code => expect(isTransientDbError(coded(code))).toBe(true),
)

test.each(['23505', '22P02', '42P01', 'NOT_FOUND', 'ENOENT', '5300', '40'])('%s is not transient', code =>
  expect(isTransientDbError(coded(code))).toBe(false),
)

test('a deadline is transient, an error that is not from the database is not', () => {
  expect(isTransientDbError(new DeadlineError('a transaction took longer than 15000 ms'))).toBe(true)
  expect([new Error('no'), 'CONNECTION_CLOSED', null, undefined].map(isTransientDbError)).toEqual([
    false,
    false,
    false,
    false,
  ])
})
