import type { Database } from '../../src/database/connection.ts'
import { insertListingRows, reserveWithoutTimeout } from '../kit/listing-rows.ts'

const DAY_MS = 86_400_000
/** Days over which `insertListingRows` spreads its rows. */
const SPAN_DAYS = 731
const WORDS_BATCH = 5_000

/** Texts of which one is appended to each prompt, so that 1 in 6 has it. */
const COMMON_TAILS = [
  '夜の東京タワーと桜並木',
  '雨の京都の古い路地',
  '눈 내리는 서울의 골목',
  'เมืองเก่าริมแม่น้ำยามเย็น',
  'a quiet 🦊 in the snow',
  'für die Straße im Café',
]
/** Appended to 1 in 5,000 as well. */
const RARE_TAIL = ' featherbloom 鯨骨生物群集 🦩'
const RARE_EVERY = 5_000

/** Inserts generations, the newest of which have prompts in many scripts, and writes their words. */
export async function insertSearchRows(database: Database, folder: string, count: number): Promise<void> {
  await insertListingRows(database, folder, { count, last: new Date(), bloated: false })
  await using reserved = await reserveWithoutTimeout(database)
  const { sql } = reserved
  await sql`truncate generation_words`
  await sql`alter table generations disable trigger keep_document`
  await sql`
    update generations set prompt = prompt || ' ' || (${COMMON_TAILS}::text[])[1 + abs(hashtext('tail' || id) % ${COMMON_TAILS.length}::int)]
      || case when abs(hashtext('rare' || id) % ${RARE_EVERY}::int) = 0 then ${RARE_TAIL}::text else '' end`
  await sql`alter table generations enable trigger keep_document`
  const ids = (await sql<{ id: string }[]>`select id from generations order by id`).map(row => row.id)
  while (ids.length > 0) await sql`select write_words(id) from unnest(${ids.splice(0, WORDS_BATCH)}::uuid[]) id`
}

/** Inserts older generations with the prompts of `seed-data`. */
export async function insertOlderRows(database: Database, folder: string, count: number): Promise<void> {
  const last = new Date(Date.now() - SPAN_DAYS * DAY_MS)
  await insertListingRows(database, folder, { count, last, bloated: false })
}

/** Vacuums and analyzes what a search reads, as autovacuum would do in time. */
export async function vacuumSearchTables(database: Database): Promise<void> {
  await using reserved = await reserveWithoutTimeout(database)
  await reserved.sql`vacuum analyze generations, generation_documents, generation_words`
  await reserved.sql`checkpoint`
}
