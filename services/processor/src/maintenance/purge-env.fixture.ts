import { objectKeys } from '@darkroom/contracts/previews'
import { type Database, openDatabase, type Transaction } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import { createLog } from '@darkroom/infra/log'
import { createMetrics } from '@darkroom/infra/metrics'
import type { Store } from '@darkroom/infra/store/store'
import { createTestDatabase } from '@darkroom/infra/testing/test-resources'
import { createProcessorMetrics } from '../metrics.ts'
import { insertQueuedGeneration } from '../queue/queued.fixture.ts'
import { runPurge } from './purge.ts'

export interface PurgeEnv {
  database: Database
  store: Store
  workspaceId: string
}

/** A submission between the two steps in which ingest makes it. */
export interface PendingSubmission {
  images: string[]
}

export const log = createLog({ service: 'test', level: 'silent' })
export const metrics = createProcessorMetrics(createMetrics('test'))
const neverAborted = new AbortController().signal

/** Opens a new database for the tests of a file. */
export async function openPurgeDatabase(stack: AsyncDisposableStack): Promise<Database> {
  const { url } = stack.use(await createTestDatabase())
  const database = openDatabase({ url, name: 'test', log })
  stack.defer(() => database.end({ timeout: 1 }))
  return database
}

export function createPurgeEnv(database: Database, store: Store | undefined): PurgeEnv {
  if (!store) throw new Error('the store was not opened')
  return { database, store, workspaceId: crypto.randomUUID() }
}

/** Starts purge loops. @returns a function that stops them */
export function startPurges(env: PurgeEnv, count: number): () => Promise<void> {
  const stopping = new AbortController()
  const deps = { ...env, log, metrics, trashDays: 30, signal: stopping.signal, pollMs: 20 }
  const running = Array.from({ length: count }, () => runPurge(deps))
  return async () => {
    stopping.abort(new Error('stopping'))
    await Promise.all(running)
  }
}

/** Makes the first step of a submission: stores the images without a row, after deleting their scheduled removals. */
export async function beginSubmission(env: PurgeEnv, images: string[]): Promise<PendingSubmission> {
  const { database, workspaceId } = env
  for (const image of images) {
    const [existing] = await database`
      select from reference_images where workspace_id = ${workspaceId} and sha256 = decode(${computeHash(image)}, 'hex')`
    if (!existing) await storeObject(env, createReferenceKey(env, image))
  }
  return { images }
}

/** Makes the second step: inserts the generation with one stored output, and the rows of its images. @returns its id */
export async function endSubmission(env: PurgeEnv, { images }: PendingSubmission): Promise<string> {
  const { database, workspaceId } = env
  const id = await insertQueuedGeneration(database, { workspaceId })
  const output = `w/${workspaceId}/gen/${id}/1/0.png`
  await storeObject(env, output)
  await transaction(database, async tx => {
    for (const [position, image] of images.toSorted().entries()) {
      const reference = await insertReference(tx, env, image)
      await tx`
        insert into generation_references (generation_id, position, reference_id) values (${id}, ${position}, ${reference})`
    }
    await tx`update generation_outputs set state = 'stored', key = ${output} where generation_id = ${id}`
    await tx`update generations set status = 'completed', completed_at = now() where id = ${id}`
  })
  return id
}

/** Lists the objects that rows refer to, with their previews. */
export async function listReferencedObjects({ database }: PurgeEnv): Promise<string[]> {
  const rows = await database<{ key: string }[]>`
    select key from generation_outputs where key is not null union select key from reference_images`
  return rows.flatMap(({ key }) => objectKeys(key)).toSorted()
}

export async function listObjects({ store, workspaceId }: PurgeEnv): Promise<string[]> {
  return (await Array.fromAsync(store.list(`w/${workspaceId}/`), ({ key }) => key)).toSorted()
}

export async function trashGeneration({ database }: PurgeEnv, id: string | undefined, days = 31): Promise<void> {
  await database`
    update generations set deleted_at = now() - make_interval(days => ${days}) where id = ${id ?? null}`
}

/** Deletes the output of a generation, as its user does. */
export async function deleteOutput({ database }: PurgeEnv, id: string | undefined, days = 31): Promise<void> {
  await database`
    update generation_outputs set state = 'deleted', deleted_from = state, deleted_at = now() - make_interval(days => ${days})
    where generation_id = ${id ?? null} and state <> 'deleted'`
}

/** Restores the output of a generation, if it is not purged. */
export async function restoreOutput({ database }: PurgeEnv, id: string | undefined): Promise<void> {
  await database`
    update generation_outputs set state = deleted_from, deleted_from = null, deleted_at = null
    where generation_id = ${id ?? null} and deleted_from is not null`
}

/** Makes all scheduled removals due. */
export async function makeRemovalsDue({ database }: PurgeEnv): Promise<void> {
  await database`update object_removals set remove_after = now()`
}

export async function countRows({ database }: PurgeEnv, table: string): Promise<number> {
  return (await database`select from ${database(table)}`).length
}

export async function waitUntil(condition: () => Promise<boolean>): Promise<void> {
  const deadline = AbortSignal.timeout(60_000)
  while (!(await condition())) {
    deadline.throwIfAborted()
    await Bun.sleep(20)
  }
}

/** Puts an object and its previews, after deleting their scheduled removals. */
export async function storeObject({ database, store }: PurgeEnv, key: string): Promise<void> {
  await database`delete from object_removals where key = any(${objectKeys(key)})`
  for (const object of objectKeys(key))
    await store.put(object, new TextEncoder().encode(object), { signal: neverAborted })
}

export function createReferenceKey({ workspaceId }: PurgeEnv, image: string): string {
  return `w/${workspaceId}/ref/${computeHash(image)}.png`
}

/** Inserts a reference image, old enough to be purged once it is unreferenced. */
async function insertReference(tx: Transaction, env: PurgeEnv, image: string): Promise<string> {
  const [inserted] = await tx<{ id: string }[]>`
    insert into reference_images (id, workspace_id, sha256, key, mime_type, bytes, width, height, created_at)
    values (${crypto.randomUUID()}, ${env.workspaceId}, decode(${computeHash(image)}, 'hex'), ${createReferenceKey(env, image)},
            'image/png', 9, 3, 3, now() - interval '25 hours')
    on conflict (workspace_id, sha256) do update set key = excluded.key
    returning id`
  if (!inserted) throw new Error('no row was inserted into reference_images')
  return inserted.id
}

function computeHash(image: string): string {
  return new Bun.CryptoHasher('sha256').update(image).digest('hex')
}
