import { objectsOf } from '@darkroom/contracts/previews'
import { type Database, openDatabase, type Transaction, transaction } from '@darkroom/infra/database/connection'
import { createLog } from '@darkroom/infra/log'
import { createMetrics } from '@darkroom/infra/metrics'
import type { Store } from '@darkroom/infra/store/store'
import { testDatabase } from '@darkroom/infra/testing/test-resources'
import { createMeasures } from '../metrics.ts'
import { insertQueued } from '../queue/queued.fixture.ts'
import { runPurge } from './purge.ts'

export interface PurgeWorld {
  database: Database
  store: Store
  workspaceId: string
}

/** A submission between its two steps, as ingest takes them. */
export interface Begun {
  pictures: string[]
}

export const log = createLog({ service: 'test', level: 'silent' })
export const measures = createMeasures(createMetrics('test'))
const SIGNAL = new AbortController().signal

/** A database of its own for the tests of a file. */
export async function openPurgeDatabase(stack: AsyncDisposableStack): Promise<Database> {
  const { url } = stack.use(await testDatabase())
  const database = openDatabase({ url, name: 'test', log })
  stack.defer(() => database.end({ timeout: 1 }))
  return database
}

export function newWorld(database: Database, store: Store | undefined): PurgeWorld {
  if (!store) throw new Error('there is no such store')
  return { database, store, workspaceId: crypto.randomUUID() }
}

/** @returns what stops them */
export function startPurges(world: PurgeWorld, count: number): () => Promise<void> {
  const stopping = new AbortController()
  const deps = { ...world, log, measures, trashDays: 30, signal: stopping.signal, pollMs: 20 }
  const running = Array.from({ length: count }, () => runPurge(deps))
  return async () => {
    stopping.abort(new Error('stopping'))
    await Promise.all(running)
  }
}

/** The first step of a submission: what is not kept is stored, after it was taken off the list of what is to go. */
export async function beginSubmission(world: PurgeWorld, pictures: string[]): Promise<Begun> {
  const { database, workspaceId } = world
  for (const picture of pictures) {
    const [kept] = await database`
      select from reference_images where workspace_id = ${workspaceId} and sha256 = decode(${hashOf(picture)}, 'hex')`
    if (!kept) await storeAnew(world, keyOf(world, picture))
  }
  return { pictures }
}

/** The second step: the generation and the rows of its pictures. Its one output is stored at once. @returns its id */
export async function endSubmission(world: PurgeWorld, { pictures }: Begun): Promise<string> {
  const { database, workspaceId } = world
  const id = await insertQueued(database, { workspaceId })
  const output = `w/${workspaceId}/gen/${id}/1/0.png`
  await storeAnew(world, output)
  await transaction(database, async tx => {
    for (const [position, picture] of pictures.toSorted().entries()) {
      const reference = await insertReference(tx, world, picture)
      await tx`
        insert into generation_references (generation_id, position, reference_id) values (${id}, ${position}, ${reference})`
    }
    await tx`update generation_outputs set state = 'stored', key = ${output} where generation_id = ${id}`
    await tx`update generations set status = 'completed', completed_at = now() where id = ${id}`
  })
  return id
}

/** Every object that a row names, with its previews. */
export async function referredTo({ database }: PurgeWorld): Promise<string[]> {
  const rows = await database<{ key: string }[]>`
    select key from generation_outputs where key is not null union select key from reference_images`
  return rows.flatMap(({ key }) => objectsOf(key)).toSorted()
}

export async function objectsIn({ store, workspaceId }: PurgeWorld): Promise<string[]> {
  return (await Array.fromAsync(store.list(`w/${workspaceId}/`))).toSorted()
}

export async function trash({ database }: PurgeWorld, id: string | undefined, days = 31): Promise<void> {
  await database`
    update generations set deleted_at = now() - make_interval(days => ${days}) where id = ${id ?? null}`
}

/** What is to go has stayed for its hour. */
export async function makeDue({ database }: PurgeWorld): Promise<void> {
  await database`update object_removals set remove_after = now()`
}

export async function countOf({ database }: PurgeWorld, table: string): Promise<number> {
  return (await database`select from ${database(table)}`).length
}

export async function becomes(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = AbortSignal.timeout(20_000)
  while (!(await isSo())) {
    deadline.throwIfAborted()
    await Bun.sleep(20)
  }
}

/** Puts an object and its previews, after it was taken off the list of what is to go. */
export async function storeAnew({ database, store }: PurgeWorld, key: string): Promise<void> {
  await database`delete from object_removals where key = any(${objectsOf(key)})`
  for (const object of objectsOf(key)) await store.put(object, new TextEncoder().encode(object), { signal: SIGNAL })
}

export function keyOf({ workspaceId }: PurgeWorld, picture: string): string {
  return `w/${workspaceId}/ref/${hashOf(picture)}.png`
}

/** As old as it must be to be purged when nothing refers to it. */
async function insertReference(tx: Transaction, world: PurgeWorld, picture: string): Promise<string> {
  const [kept] = await tx<{ id: string }[]>`
    insert into reference_images (id, workspace_id, sha256, key, mime_type, bytes, width, height, created_at)
    values (${crypto.randomUUID()}, ${world.workspaceId}, decode(${hashOf(picture)}, 'hex'), ${keyOf(world, picture)},
            'image/png', 9, 3, 3, now() - interval '25 hours')
    on conflict (workspace_id, sha256) do update set key = excluded.key
    returning id`
  if (!kept) throw new Error('a reference image was not written')
  return kept.id
}

function hashOf(picture: string): string {
  return new Bun.CryptoHasher('sha256').update(picture).digest('hex')
}
