import { afterAll, beforeAll, expect, test } from 'bun:test'
import { TrashEmptied } from '@darkroom/contracts/history/library'
import { Problem } from '@darkroom/contracts/problem'
import { generationSubject } from '@darkroom/contracts/subjects'
import { takeOver } from '@darkroom/infra/database/studio-state'
import { openTestIngest, type TestIngest } from '../app.fixture.ts'
import { writeGeneration } from './generation.fixture.ts'
import { emptyTrash } from './trash.ts'

const MORE_THAN_A_BATCH = 60
const stack = new AsyncDisposableStack()
let ingest: TestIngest

beforeAll(async () => {
  ingest = stack.use(await openTestIngest())
})
afterAll(() => stack.disposeAsync())

test('empties the trash of its own workspace, whatever its size, and nothing else', async () => {
  const [retained, foreign] = [await createGeneration(), await createGeneration(crypto.randomUUID())]
  await ingest.sql`update generations set deleted_at = now() where id = ${foreign}`
  const trashed = await Promise.all(Array.from({ length: MORE_THAN_A_BATCH }, () => createGeneration()))
  const child = await createGeneration()
  const parent = { generationId: trashed[0] ?? '', outputIndex: 0, verb: 'vary' }
  await ingest.sql`update generations set parent = ${ingest.sql.json(parent)} where id = ${child}`
  for (const id of trashed) await ingest.request('DELETE', `/api/generate/${id}`)
  await ingest.sql`delete from outbox`
  expect(await empty()).toEqual({ purged: MORE_THAN_A_BATCH })
  expect(await listPublished()).toEqual(trashed.toSorted())
  expect(await listIds()).toEqual([retained, foreign, child].toSorted())
  const removals = await ingest.sql<{ key: string }[]>`select key from object_removals where key like '%/'`
  expect(removals.map(({ key }) => key).toSorted()).toEqual(
    trashed.map(id => `w/${ingest.owner.workspaceId}/gen/${id}/`).toSorted(),
  )
  expect(await empty()).toEqual({ purged: 0 })
  expect((await ingest.request('POST', `/api/generate/${trashed[0]}/restore`)).status).toBe(404)
})

test('what is restored at the same time is restored or purged, never both', async () => {
  const trashed = await Promise.all(Array.from({ length: 20 }, () => createGeneration()))
  for (const id of trashed) await ingest.request('DELETE', `/api/generate/${id}`)
  const [emptied, ...restored] = await Promise.all([
    empty(),
    ...trashed.map(id => ingest.request('POST', `/api/generate/${id}/restore`)),
  ])
  const survivors = trashed.filter((_, at) => restored[at]?.status === 200)
  const left = await listIds()
  expect(trashed.filter(id => left.includes(id))).toEqual(survivors)
  expect(emptied.purged).toBe(trashed.length - survivors.length)
})

test('a trash that takes too long is emptied in part, and the rest with the next request', async () => {
  const ids = await Promise.all(Array.from({ length: MORE_THAN_A_BATCH }, () => createGeneration()))
  for (const id of ids) await ingest.request('DELETE', `/api/generate/${id}`)
  const deps = { database: ingest.sql }
  expect((await emptyTrash(deps, ingest.owner, 0)).purged).toBe(50)
  expect(await empty()).toEqual({ purged: MORE_THAN_A_BATCH - 50 })
})

test('a restored copy removes nothing', async () => {
  const id = await createGeneration()
  await ingest.request('DELETE', `/api/generate/${id}`)
  await ingest.sql`update studio set mode = 'restored'`
  const refused = await ingest.request('DELETE', '/api/trash')
  expect([refused.status, Problem.parse(await refused.json()).detail]).toEqual([
    409,
    expect.stringMatching(/restored copy/),
  ])
  await takeOver(ingest.sql)
  expect(await empty()).toEqual({ purged: 1 })
})

async function createGeneration(workspaceId = ingest.owner.workspaceId): Promise<string> {
  return await writeGeneration(ingest.sql, { workspaceId, status: 'completed', outputs: ['stored', 'lost'] })
}

async function empty(): Promise<TrashEmptied> {
  const response = await ingest.request('DELETE', '/api/trash')
  expect(response.status).toBe(200)
  return TrashEmptied.parse(await response.json())
}

/** Lists the generations whose change is published, as often as it is. */
async function listPublished(): Promise<string[]> {
  const rows = await ingest.sql<{ id: string }[]>`
    select payload ->> 'id' as id from outbox
    where subject = ${generationSubject(ingest.owner.workspaceId)} and payload ->> 'type' = 'generation.changed'`
  return rows.map(({ id }) => id).toSorted()
}

async function listIds(): Promise<string[]> {
  const rows = await ingest.sql<{ id: string }[]>`select id from generations order by id`
  return rows.map(({ id }) => id)
}
