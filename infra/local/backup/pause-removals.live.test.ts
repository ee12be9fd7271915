import { expect, test } from 'bun:test'
import { lockRemovals } from '../../src/database/studio-state.ts'
import { transaction } from '../../src/database/transaction.ts'
import { createTestDatabase } from '../../testing/test-resources.ts'
import { openSql } from './backup-env.fixture.ts'
import { withRemovalsPaused } from './pause-removals.ts'

const signal = new AbortController().signal

test('of two backups at once the end of the first does not resume the removals that the second has paused', async () => {
  await using stack = new AsyncDisposableStack()
  const { url } = stack.use(await createTestDatabase())
  const sql = openSql(stack, url)
  const mayRemove = () => transaction(sql, lockRemovals)
  await withRemovalsPaused(url, signal, async () => {
    await withRemovalsPaused(url, signal, async () => expect(await mayRemove()).toBe(false))
    expect(await mayRemove()).toBe(false)
  })
})
