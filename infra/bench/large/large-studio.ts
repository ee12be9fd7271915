import { waitUntil } from '../../local/process/wait-until.ts'
import { type Database, openDatabase } from '../../src/database/connection.ts'
import { migrate } from '../../src/database/migrations.ts'
import { hasTimelineWork } from '../../src/generations/timeline-sums.ts'
import { LOCAL_OWNER } from '../../src/http/identity.ts'
import { createLog } from '../../src/log.ts'
import { findServiceMain } from '../../testing/studio/service-process.ts'
import { createServiceUrls } from '../../testing/studio/service-roles.ts'
import type { BenchStack } from '../kit/bench-stack.ts'
import { insertListingRows, reserveWithoutTimeout } from '../kit/listing-rows.ts'

/** A studio of one size, with a query service of its own. */
export interface LargeStudio {
  generations: number
  database: Database
  url: string
}

/** Bytes of a table or an index for each generation. */
export interface RelationSize {
  name: string
  kind: 'table' | 'index'
  bytes: number
}

/** A word that 1 in 5,000 prompts has, appended to those of `seed-data`. */
export const RARE_WORD = 'featherbloom'
const RARE_EVERY = 5_000
/** Smaller tables and indexes are counted together. */
const MIN_BYTES = 0.5
const SUM_TIMEOUT_MS = 120_000

/** Creates a database beside that of the stack, fills it as `seed-data` does, and starts a query service for it. */
export async function openLargeStudio(stack: BenchStack, generations: number): Promise<LargeStudio> {
  const name = `large_${generations}`
  await stack.database.unsafe(`create database ${name}`)
  const databaseUrl = Object.assign(new URL(stack.databaseUrl), { pathname: `/${name}` }).href
  await migrate({ url: databaseUrl })
  const log = createLog({ service: 'bench', level: 'silent' })
  const database = openDatabase({ url: databaseUrl, name: 'bench', connections: 3, log })
  await insertListingRows(database, stack.folder, { count: generations, last: new Date(), bloated: false })
  await appendRareWord(database)
  const { query, processor } = await createServiceUrls(databaseUrl)
  await sumUpDays(stack, database, processor)
  await vacuumAll(database)
  const env = { DATABASE_URL: query, LOG_LEVEL: 'silent' }
  const { url } = await stack.startServer(findServiceMain('query'), env)
  return { generations, database, url }
}

async function appendRareWord(database: Database): Promise<void> {
  await database`
    with changed as (
      update generations set prompt = prompt || ' ' || ${RARE_WORD}::text, version = version + 1
      where workspace_id = ${LOCAL_OWNER.workspaceId} and abs(hashtext(client_id::text) % ${RARE_EVERY}::int) = 0
      returning id
    )
    select write_words(id) from changed`
}

/** Runs a processor until it has summed up the days that are over. */
async function sumUpDays(stack: BenchStack, database: Database, databaseUrl: string): Promise<void> {
  const env = { DATABASE_URL: databaseUrl, LOG_LEVEL: 'silent' }
  await using _processor = await stack.startServer(findServiceMain('processor'), env)
  const areSummed = async () => ((await hasTimelineWork(database)) ? undefined : true)
  const options = { milliseconds: SUM_TIMEOUT_MS, signal: new AbortController().signal }
  await waitUntil(areSummed, { ...options, what: 'the sums of the days that are over' })
}

/** Vacuums and analyzes the tables, as autovacuum would do in time. */
async function vacuumAll(database: Database): Promise<void> {
  await using reserved = await reserveWithoutTimeout(database)
  await reserved.sql`vacuum analyze`
  await reserved.sql`checkpoint`
}

/** Reads the size of every table, its TOAST and its maps included, and of every index, largest first. */
export async function readSizes({ database, generations }: LargeStudio): Promise<RelationSize[]> {
  const sizes = await database<RelationSize[]>`
    select c.relname::text as name, case c.relkind when 'i' then 'index' else 'table' end as kind,
      (case c.relkind when 'i' then pg_relation_size(c.oid) else pg_table_size(c.oid) end)::float / ${generations}::int as bytes
    from pg_class c where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'i') order by 3 desc`
  const [large, small] = [
    sizes.filter(({ bytes }) => bytes >= MIN_BYTES),
    sizes.filter(({ bytes }) => bytes < MIN_BYTES),
  ]
  const rest = small.reduce((sum, { bytes }) => sum + bytes, 0)
  return [...large, { name: `${small.length} others`, kind: 'table', bytes: rest }]
}

/** Returns the cursor of the generation in the middle of a studio. */
export async function findMiddle({ database, generations }: LargeStudio): Promise<string> {
  const [row] = await database<{ id: string; at: string }[]>`
    select id, timestamp_text(created_at) as at from generations where workspace_id = ${LOCAL_OWNER.workspaceId}
    order by created_at desc, id desc offset ${Math.floor(generations / 2)} limit 1`
  return Buffer.from(`${row?.at}|${row?.id}`).toString('base64url')
}
