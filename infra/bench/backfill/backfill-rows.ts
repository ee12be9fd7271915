import { randomBytes } from 'node:crypto'
import type { Database } from '../../src/database/connection.ts'
import { insertImportedGeneration, toDataUrl } from '../../testing/data/imported-rows.ts'
import { createPhotograph } from '../kit/photograph.ts'

/** Imported rows of one size. */
interface RowSet {
  rows: number
  images: number
}

export const ROW_SETS = {
  small: { rows: 192, images: 1 },
  big: { rows: 2, images: 10 },
} satisfies Record<string, RowSet>

const PHOTOGRAPHS = {
  small: { width: 800, height: 600, quality: 86, grain: 30 },
  big: { width: 3_000, height: 2_250, quality: 93, grain: 56 },
}

/** Returns a factory of photographs. Each ends in random bytes, so its hash is unique. */
export async function createPhotographFactory(set: keyof typeof ROW_SETS): Promise<() => Buffer> {
  const photograph = await createPhotograph(PHOTOGRAPHS[set])
  return () => Buffer.concat([photograph, randomBytes(16)])
}

/** Inserts the rows, and a copy of them for `restoreRows`. @returns bytes of their images */
export async function insertRows(
  sql: Database,
  name: keyof typeof ROW_SETS,
  rows: number = ROW_SETS[name].rows,
): Promise<number> {
  const { images: imageCount } = ROW_SETS[name]
  const next = await createPhotographFactory(name)
  let bytes = 0
  for (let row = 0; row < rows; row++) {
    const images = Array.from({ length: imageCount }, () => next())
    bytes += images.reduce((sum, image) => sum + image.byteLength, 0)
    const given = {
      aspectRatio: '4:3',
      referenceImages: images.map(image => toDataUrl(image, 'data:image/jpeg;base64,')),
    }
    await insertImportedGeneration(sql, given, { createdAt: new Date(1_700_000_000_000 + row * 60_000).toISOString() })
  }
  await sql`create table if not exists bench_rows as select generation_id, parameters from generation_raw where false`
  await sql`insert into bench_rows select generation_id, parameters from generation_raw where has_file`
  return bytes
}

/** Restores all rows from their copies and deletes everything that a backfill has written. */
export async function restoreRows(sql: Database): Promise<void> {
  await sql`delete from generation_references`
  await sql`delete from backfill_manifest`
  await sql`delete from backfill_runs`
  await sql`delete from reference_images`
  await sql`delete from object_removals`
  await sql`update generation_raw r set parameters = b.parameters from bench_rows b where b.generation_id = r.generation_id`
  await sql`update generations set parameters = '{}'`
  await sql`vacuum generation_raw`
}

/** Deletes the rows and their copies. */
export async function removeRows(sql: Database): Promise<void> {
  await sql`delete from backfill_manifest`
  await sql`delete from backfill_runs`
  await sql`delete from generations where provider = 'imported'`
  await sql`drop table bench_rows`
}
