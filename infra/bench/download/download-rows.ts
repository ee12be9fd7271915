import { randomBytes } from 'node:crypto'
import type { Database } from '../../src/database/connection.ts'
import { LOCAL_OWNER } from '../../src/http/identity.ts'
import type { Store } from '../../src/store/store.ts'

/** Generations with outputs of random bytes. */
export interface DownloadSet {
  name: string
  generations: number
  outputs: number
  /** Bytes of each output. */
  bytes: number
}

/** A set that is stored: the ids of its generations, and the SHA-256 of each file, as often as it is there. */
export interface StoredSet extends DownloadSet {
  ids: string[]
  hashes: string[]
}

const PROMPTS = ['a boat on a lake', 'лодка на озере', '湖の上の舟', 'قارب في بحيرة', 'नाव और झील']
const WRITES_AT_ONCE = 4
const WRITE_TIMEOUT_MS = 60_000

/** Inserts the generations of a set and stores their files. */
export async function storeSet(database: Database, store: Store, set: DownloadSet): Promise<StoredSet> {
  const stored: StoredSet = { ...set, ids: [], hashes: [] }
  for (let at = 0; at < set.generations; at += WRITES_AT_ONCE) {
    const length = Math.min(WRITES_AT_ONCE, set.generations - at)
    await Promise.all(Array.from({ length }, (_, offset) => storeGeneration(database, store, stored, at + offset)))
  }
  return stored
}

async function storeGeneration(database: Database, store: Store, set: StoredSet, number: number): Promise<void> {
  const id = Bun.randomUUIDv7()
  const { workspaceId, userId } = LOCAL_OWNER
  const files = Array.from({ length: set.outputs }, () => randomBytes(set.bytes))
  const keys = files.map((_, index) => `w/${workspaceId}/gen/${id}/1/${index}.png`)
  const hashes = files.map(file => new Bun.CryptoHasher('sha256').update(file).digest('hex'))
  const signal = AbortSignal.timeout(WRITE_TIMEOUT_MS)
  await Promise.all(files.map((file, index) => store.put(keys[index] ?? '', file, { signal })))
  await database`
    with inserted as (
      insert into generations (id, workspace_id, user_id, client_id, fingerprint, status, kind, model, provider, prompt, num_outputs)
      values (${id}, ${workspaceId}, ${userId}, ${id}, '', 'completed', 'image', 'demo', 'demo',
              ${`${PROMPTS[number % PROMPTS.length]} ${number}`}, ${set.outputs})
    ), job as (
      insert into generation_jobs (workspace_id, generation_id) values (${workspaceId}, ${id})
    )
    insert into generation_outputs (workspace_id, generation_id, index, kind, state, key, bytes, mime_type, sha256)
    select ${workspaceId}, ${id}, n - 1, 'image', 'stored', key, ${set.bytes}, 'image/png', decode(hash, 'hex')
    from unnest(${keys}::text[], ${hashes}::text[]) with ordinality as file (key, hash, n)`
  set.ids.push(id)
  set.hashes.push(...hashes)
}
