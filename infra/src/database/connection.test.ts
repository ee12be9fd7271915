import { expect, test } from 'bun:test'
import { findFreePort } from '../../local/process/free-ports.ts'
import { createLog } from '../log.ts'
import { openDatabase } from './connection.ts'

test('reconnects to a database that is down at short, bounded intervals', async () => {
  const log = createLog({ service: 'test', level: 'silent' })
  const url = `postgres://somebody@127.0.0.1:${await findFreePort()}/nowhere`
  const sql = openDatabase({ url, name: 'test', connections: 1, log })
  // With the driver's own back-off the tenth failure would come after more than a minute, beyond the time limit of a test.
  for (let time = 0; time < 10; time++) {
    expect(await sql`select 1`.catch(error => error.code)).toBe('ECONNREFUSED')
  }
  await sql.end({ timeout: 0 })
})
