import type { Database } from '../../src/database/connection.ts'
import { reserveWithoutTimeout } from '../kit/listing-rows.ts'
import { takeTurns } from '../kit/sampling.ts'

/** Cost of the words of a rule: bytes a generation, and milliseconds of writing those of one. */
export interface WordsCost {
  name: string
  /** The table without its indexes. */
  table: number
  /** The index of words. */
  words: number
  /** The other indexes. */
  others: number
  milliseconds: number[]
}

interface WordsRule {
  name: string
  table: 'words_before' | 'words_now'
  /** Writes the words of a generation that has none. */
  write(id: string): Promise<unknown>
  milliseconds: number[]
}

const WRITES = 200

/**
 * Measures the words of the newest generations by the rule of migration 0015, which takes words as the parser of Postgres finds them, and by
 * the present one. Each has a table of its own with the indexes that it needs. The tables are dropped.
 */
export async function measureWords(database: Database, count: number): Promise<WordsCost[]> {
  await using reserved = await reserveWithoutTimeout(database)
  const sql = reserved.sql
  await createTables(sql, count)
  const rules: WordsRule[] = [
    { name: 'before', table: 'words_before', write: id => sql`select write_words_before(${id})`, milliseconds: [] },
    { name: 'now', table: 'words_now', write: id => sql`select write_words(${id})`, milliseconds: [] },
  ]
  const sizes = await Promise.all(rules.map(rule => readSizes(database, rule.table, count)))
  await measureWrites(database, rules)
  await sql`drop table words_before, words_now`
  return rules.map(({ name, milliseconds }, at) => ({ name, milliseconds, ...(sizes[at] ?? NO_SIZES) }))
}

const NO_SIZES = { table: 0, words: 0, others: 0 }

async function createTables(sql: Database, count: number): Promise<void> {
  await sql`
    create or replace function words_before(workspace uuid, given text) returns tsvector language plpgsql as $$
    begin
      return coalesce((
        select string_agg('''' || words_prefix(workspace) || lexeme || ''':' || array_to_string(positions, ','), ' ')
        from unnest(to_tsvector('simple', regexp_replace(lower(given), '[!-/:-@\\[-\`{-~]+', ' ', 'g')))
      ), '')::tsvector;
    end $$`
  await sql`
    create or replace function write_words_before(made uuid) returns void language plpgsql as $$
    begin
      insert into words_before select g.id, g.workspace_id, words_before(g.workspace_id, g.prompt || ' ' || g.model)
      from generations g where g.id = made;
    end $$`
  await sql`create table words_before (generation_id uuid primary key, workspace_id uuid not null, words tsvector not null)`
  await sql`create table words_now (like generation_words including all) with (toast_tuple_target = 8160)`
  await sql`insert into words_now select * from generation_words order by created_at desc limit ${count}`
  await sql`
    insert into words_before select g.id, g.workspace_id, words_before(g.workspace_id, g.prompt || ' ' || g.model)
    from generations g join words_now w on w.generation_id = g.id`
  await sql`create index words_before_words on words_before using gin (words) with (fastupdate = off)`
}

async function readSizes(database: Database, table: string, count: number): Promise<typeof NO_SIZES> {
  const [row] = await database<(typeof NO_SIZES)[]>`
    select pg_table_size(${table}::text::regclass)::float / ${count}::int as table,
      words.bytes / ${count}::int as words, (pg_indexes_size(${table}::text::regclass) - words.bytes)::float / ${count}::int as others
    from (
      select pg_relation_size(i.indexrelid)::float as bytes from pg_index i
      join pg_class c on c.oid = i.indexrelid join pg_am a on a.oid = c.relam
      where i.indrelid = ${table}::text::regclass and a.amname = 'gin'
    ) words`
  return row ?? NO_SIZES
}

/** Measures single writes of words that are missing, each in a transaction, the rules in turns. */
async function measureWrites(database: Database, rules: readonly WordsRule[]): Promise<void> {
  const rows = await database<{ id: string }[]>`
    select generation_id as id from words_now order by created_at desc limit ${WRITES}`
  const ids = rows.map(row => row.id)
  await database`delete from words_before where generation_id = any(${ids}::uuid[])`
  await database`delete from generation_words where generation_id = any(${ids}::uuid[])`
  const pending = new Map(rules.map(rule => [rule, [...ids]]))
  await takeTurns(rules, WRITES, async rule => {
    const startedAt = performance.now()
    await rule.write(pending.get(rule)?.pop() ?? '')
    rule.milliseconds.push(performance.now() - startedAt)
  })
}
