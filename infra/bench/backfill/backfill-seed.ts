import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import pLimit from 'p-limit'
import postgres from 'postgres'

/**
 * The seed's backfill (its section 6): reads whole rows in batches of 20, filters them here, and migrates them one after another,
 * the images of a row three at a time; then overwrites the row. Nothing is checked or read back.
 * `bun backfill-seed.ts <database> <store>` does it once and writes its peak memory, in bytes, as a line.
 */

interface Row {
  id: string
  created: string
  parameters: { referenceImage?: string; referenceImages?: string[] }
}

const BATCH = 20
const [databaseUrl = '', storeUrl = ''] = process.argv.slice(2)
const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} })
const credentials = { accessKeyId: 'bench', secretAccessKey: 'bench-secret' }
const client = new S3Client({ endpoint: storeUrl, region: 'us-east-1', credentials, forcePathStyle: true })

for (let rows = await readNextRows(); rows.length > 0; rows = await readNextRows(rows.at(-1))) {
  for (const row of rows.filter(needsBackfill)) await backfillRow(row)
}
await sql.end()
process.stdout.write(`${process.resourceUsage().maxRSS * 1024}\n`)

async function readNextRows(last?: Row): Promise<Row[]> {
  return await sql<Row[]>`
    select generation_id as id, created_at::text as created, parameters from generation_raw
    where ${last === undefined} or (created_at, generation_id) > (${last?.created ?? 'now'}::text::timestamptz, ${last?.id ?? null}::uuid)
    order by created_at, generation_id limit ${BATCH}`
}

function needsBackfill({ parameters }: Row): boolean {
  if (parameters.referenceImage?.startsWith('data:')) return true
  return parameters.referenceImages?.some(image => image.startsWith('data:')) ?? false
}

async function backfillRow({ id, parameters }: Row): Promise<void> {
  const limit = pLimit(3)
  const images = parameters.referenceImages ?? []
  const urls = await Promise.all(images.map((image, index) => limit(() => persistImage(image, `ref-${id}-${index}`))))
  const rewritten = { ...parameters, referenceImages: urls }
  await sql`update generation_raw set parameters = ${sql.json(rewritten)} where generation_id = ${id}`
}

async function persistImage(dataUrl: string, name: string): Promise<string> {
  const [, type = '', base64 = ''] = /^data:([^;]+);base64,(.*)$/s.exec(dataUrl) ?? []
  const Body = Buffer.from(base64, 'base64')
  await client.send(new PutObjectCommand({ Bucket: 'bench', Key: name, Body, ContentType: type }))
  return `${storeUrl}/bench/${name}`
}
