import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { objectKeys } from '@darkroom/contracts/previews'
import { createTestDirectory } from '../../testing/test-resources.ts'
import { createSource } from './backup-env.fixture.ts'
import { runBulkTransaction } from './bulk-transaction.ts'
import { NAMED_OBJECTS_QUERY, readNamedObjects } from './named-objects.ts'
import { exportQuery } from './table-copy.ts'

const signal = new AbortController().signal

test('names every stored output that is not purged, and reference once, with the previews of images, sorted by the bytes of the key', async () => {
  await using stack = new AsyncDisposableStack()
  const { sql, env } = await createSource(stack, 80)
  // Deleted outputs can be restored until they are purged, from a backup as well.
  await sql`
    update generation_outputs set state = 'deleted', deleted_at = now(), deleted_from = 'stored'
    where generation_id in (select generation_id from generation_outputs order by 1 limit 9)`
  await sql`
    update generation_outputs set deleted_from = null, key = null where generation_id in (
      select generation_id from generation_outputs where state = 'deleted' order by 1 limit 3)`
  const file = join(stack.use(await createTestDirectory()).path, 'named')
  const options = { url: env.DATABASE_URL ?? '', mode: 'repeatable read read only', signal } as const
  await runBulkTransaction(options, tx => exportQuery(tx, NAMED_OBJECTS_QUERY, file, signal))
  const named = await Array.fromAsync(readNamedObjects(file, signal))
  const rows = await sql<{ key: string; kind: string }[]>`
    select distinct key, kind from generation_outputs where key is not null union select key, 'image' from reference_images`
  const expected = rows.flatMap(({ key, kind }) => (kind === 'image' ? objectKeys(key) : [key]))
  expect(named.map(({ key }) => key)).toEqual([...new Set([...expected, 'studio-id'])].toSorted())
  const required = named.filter(({ isRequired }) => isRequired)
  expect(required.map(({ key }) => key)).toEqual([...new Set(rows.map(({ key }) => key))].toSorted())
  for (const { key, sha256 } of required) expect(key).toContain(sha256 ?? 'a hash')
})
