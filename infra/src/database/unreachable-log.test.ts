import { expect, test } from 'bun:test'
import type { Log } from '../log.ts'
import { createUnreachableLog } from './unreachable-log.ts'

test('says where the database is and why it is waited for, at first and then rarely, without its password', () => {
  const lines: unknown[][] = []
  const log = { warn: (...line: unknown[]) => void lines.push(line) } as unknown as Log
  const report = createUnreachableLog({ url: 'postgres://user:not-for-logs@db:5433/studio', log })
  const err = new Error('connect ECONNREFUSED')
  for (let failures = 1; failures <= 241; failures++) report(err, failures)
  expect(lines).toEqual(Array.from({ length: 2 }, () => [{ err, host: 'db', port: '5433' }, 'database_unreachable']))
})
