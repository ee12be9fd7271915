import { createBloat } from '../../local/seed/bloat.ts'
import { storeSeedImages } from '../../local/seed/images.ts'
import { insertGenerations } from '../../local/seed/rows.ts'
import type { Database } from '../../src/database/connection.ts'
import { LOCAL_OWNER } from '../../src/http/identity.ts'
import { openStore } from '../../src/store/open-store.ts'

/** Inserts generations into the studio's tables. If `bloated`, the newest carry images as base64 in their parameters. */
export async function insertListingRows(
  database: Database,
  folder: string,
  rows: { count: number; last: Date; bloated: boolean },
): Promise<void> {
  const store = await openStore({ DATA_DIR: `${folder}/data` })
  const images = await storeSeedImages(store, LOCAL_OWNER.workspaceId)
  const { count, last, bloated } = rows
  await insertGenerations(
    database,
    { identity: LOCAL_OWNER, images, count, newestAt: last, bloat: bloated ? createBloat() : null },
    () => {},
  )
}

/** Copies the rows to the seed's tables: the parameters in the row, with the index that its list needs. */
export async function copyToSeedTables(pool: Database): Promise<void> {
  await using database = await reserveWithoutTimeout(pool)
  await database.sql`
    create table if not exists seed_generations (
      id uuid primary key, user_id text not null, client_id uuid, prompt text, model text, type text, status text,
      parameters jsonb, created_at timestamptz not null, updated_at timestamptz)`
  await database.sql`
    create table if not exists seed_outputs (
      id uuid primary key default gen_random_uuid(), generation_id uuid not null, index int, url text, preview_url text,
      placeholder text, width int, height int, bytes bigint, mime_type text, is_favourite boolean)`
  for (;;) {
    const { count } = await database.sql`
      insert into seed_generations
      select g.id, 'owner', g.client_id, g.prompt, g.model, g.kind, g.status, coalesce(r.parameters, g.parameters),
             g.created_at, g.completed_at
      from generations g left join generation_raw r on r.generation_id = g.id
      where not exists (select from seed_generations s where s.id = g.id) limit 1000`
    if (count === 0) break
  }
  await database.sql`
    insert into seed_outputs (generation_id, index, url, preview_url, placeholder, width, height, bytes, mime_type, is_favourite)
    select o.generation_id, o.index, '/media/' || o.key, '/media/' || replace(o.key, '.png', '.w960.webp'), o.placeholder,
           o.width, o.height, o.bytes, o.mime_type, o.favourite
    from generation_outputs o where not exists (select from seed_outputs s where s.generation_id = o.generation_id)`
  await database.sql`create index if not exists seed_newest on seed_generations (user_id, created_at desc, id desc)`
  await database.sql`create index if not exists seed_of on seed_outputs (generation_id)`
  // For the variant that makes its JSON of the tables of the studio, which has no use for the index otherwise.
  await database.sql`
    create index if not exists generations_newest on generations (workspace_id, created_at desc, id desc) where deleted_at is null`
}

/** Vacuums and analyzes the tables, as autovacuum would do in time. */
export async function vacuumTables(pool: Database): Promise<void> {
  await using database = await reserveWithoutTimeout(pool)
  await database.sql`vacuum analyze generation_documents, generations, generation_outputs, generation_jobs, generation_raw,
    generation_words, seed_generations, seed_outputs`
  await database.sql`checkpoint`
}

/** Reserves a connection without a statement timeout, until it is disposed of. */
export async function reserveWithoutTimeout(pool: Database) {
  const sql = await pool.reserve()
  await sql`set statement_timeout = 0`
  const release = async () => {
    await sql`reset statement_timeout`
    sql.release()
  }
  return { sql, [Symbol.asyncDispose]: release }
}
