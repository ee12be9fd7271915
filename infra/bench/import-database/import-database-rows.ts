import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import type { Database } from '../../src/database/connection.ts'
import { PRISMA_TABLES } from '../../testing/data/other-systems.ts'

/** Rows of one kind in the database of another system, each set in a schema of its own. */
export const ROW_SETS = {
  plain: { rows: 47_890, images: 0, imageBytes: 0 },
  files: { rows: 100, images: 0, imageBytes: 0 },
  embedded: { rows: 2_000, images: 1, imageBytes: 75_000 },
  large: { rows: 10, images: 10, imageBytes: 3_000_000 },
} as const
export type RowSetName = keyof typeof ROW_SETS

/** Different images of a set: making one takes longer than importing it. */
const DIFFERENT_IMAGES = 20
const COLOURS = ['#31506e', '#b85c38', '#e0c097', '#2d2424', '#5c7c6b', '#8d5a97']

/** Creates the tables of a set in a schema of its name, with its rows. @returns the bytes of its parameters */
export async function insertRows(sql: Database, name: RowSetName): Promise<number> {
  const { rows, images } = ROW_SETS[name]
  await sql.unsafe(`create schema ${name}; set search_path = ${name}; ${PRISMA_TABLES}`).simple()
  await sql.unsafe(
    `insert into "User" ("id", "email", "name") select 'u' || n, n || '@example.com', 'Person ' || n from generate_series(1, 40) n`,
  )
  await sql.unsafe(`
    insert into "Generation" ("id", "userId", "modelId", "prompt", "parameters", "status", "createdAt", "updatedAt")
    select gen_random_uuid()::text, 'u' || 1 + n % 40, 'flux-' || n % 7, '${name} ' || n || ', a harbour at dusk, ' || md5(n::text),
      jsonb_build_object('aspectRatio', '3:2', 'numOutputs', 1 + n % 4, 'seed', n, 'internal', repeat(md5(n::text), 4)),
      (case when n % 20 = 0 then 'FAILED' else 'COMPLETED' end)::"GenerationStatus",
      '2024-01-01'::timestamp + n * interval '7 minutes', now()
    from generate_series(1, ${rows}) n`)
  // Nothing listens there: the addresses are refused by their text, and nothing is sent.
  await sql.unsafe(`
    insert into "Output" ("id", "generationId", "fileUrl", "width", "height", "isStarred")
    select gen_random_uuid()::text, g."id", 'http://127.0.0.1:9/made/' || g."id" || '/' || i || '.png', 1152, 768, i = 1
    from "Generation" g, generate_series(0, ${name === 'files' ? 0 : '(g."parameters" ->> \'numOutputs\')::int - 1'}) i
    where g."status" = 'COMPLETED'`)
  if (images > 0) await insertImages(sql, name)
  await sql.unsafe('analyze "Generation"; analyze "Output"').simple()
  const [row] = await sql.unsafe<{ bytes: number }[]>(
    `select sum(octet_length("parameters"::text))::float as bytes from "Generation"`,
  )
  return row?.bytes ?? 0
}

/** Gives each row references as base64, some of which others have as well. */
async function insertImages(sql: Database, name: RowSetName): Promise<void> {
  const { images, imageBytes } = ROW_SETS[name]
  const side = Math.round(Math.sqrt(imageBytes / 3))
  const texts: string[] = []
  for (let made = 0; made < DIFFERENT_IMAGES; made++) {
    const noise = { raw: { width: side, height: side, channels: 3 } } as const
    const image = await sharp(randomBytes(side * side * 3), noise)
      .png({ compressionLevel: 0 })
      .toBuffer()
    texts.push(`data:image/png;base64,${image.toString('base64')}`)
  }
  const rows = await sql.unsafe<{ id: string }[]>('select "id" from "Generation" order by "createdAt"')
  for (const [index, { id }] of rows.entries()) {
    const list = Array.from({ length: images }, (_, n) => texts[(index + n) % texts.length] ?? '')
    await sql`update "Generation" set "parameters" = "parameters" || ${sql.json({ referenceImages: list })} where "id" = ${id}`
  }
}

/** Writes the files of the outputs of the set `files` into a folder that mirrors their addresses. */
export async function writeFiles(sql: Database, folder: string): Promise<void> {
  const outputs = await sql.unsafe<{ path: string }[]>(
    `select substring("fileUrl" from '/made/.*') as path from "Output" order by "id"`,
  )
  for (const [index, { path }] of outputs.entries()) {
    await mkdir(join(folder, path, '..'), { recursive: true })
    await Bun.write(join(folder, path), await createLandscape(index))
  }
}

async function createLandscape(index: number): Promise<Buffer> {
  const [width, height] = [1152, 768]
  const colour = (n: number) => COLOURS[(index + n) % COLOURS.length]
  const hill = (y: number, n: number) =>
    `<path d="M0 ${y} Q ${200 + ((index * 97) % 500)} ${y - 220} ${width} ${y - 40} V${height} H0 Z" fill="${colour(n)}" opacity="0.8"/>`
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
    <rect width="${width}" height="${height}" fill="${colour(0)}"/><circle cx="${200 + ((index * 61) % 700)}" cy="210" r="90" fill="${colour(2)}"/>
    ${hill(420, 1)}${hill(560, 3)}${hill(680, 4)}</svg>`
  return await sharp(Buffer.from(svg)).png().toBuffer()
}
