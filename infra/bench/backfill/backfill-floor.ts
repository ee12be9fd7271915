import pLimit, { type LimitFunction } from 'p-limit'
import postgres from 'postgres'
import sharp from 'sharp'
import { toDataUrl } from '../../testing/data/imported-rows.ts'
import { createPhotographFactory, ROW_SETS } from './backfill-rows.ts'

/**
 * A lower bound: data URLs that are in memory already are decoded from base64 and put, unsigned, `concurrency` at once. `checked` also
 * decodes each picture whole by bare sharp, reads it back and compares, as the backfill does. `rows` does that with the data URLs of
 * the rows, which are read whole and overwritten with addresses.
 * `bun backfill-floor.ts <small|big> <store> <concurrency> <rows|checked|unchecked> <database>` writes a line when it is ready, does the
 * work for each line that it reads, and then writes the milliseconds.
 */

const [name = 'small', storeUrl = '', concurrency = '1', mode = 'unchecked', databaseUrl = ''] = process.argv.slice(2)
const sql = postgres(databaseUrl, { max: 4, onnotice: () => {} })
const set = name === 'big' ? 'big' : 'small'
const { rows, images } = ROW_SETS[set]
const text = toDataUrl((await createPhotographFactory(set))(), 'data:image/jpeg;base64,')
const storeOne = mode === 'checked' ? storeChecked : storeImage
// A thread an image, and as many images as sharp has threads for, as in the decoders of a service.
sharp.concurrency(1)
sharp.cache(false)

process.stdout.write('ready\n')
for await (const _ of console) {
  const started = performance.now()
  const limit = pLimit(Number(concurrency))
  if (mode === 'rows') await moveRows(limit)
  else await Promise.all(Array.from({ length: rows * images }, (_, at) => limit(() => storeOne(at))))
  process.stdout.write(`${performance.now() - started}\n`)
}

async function moveRows(limit: LimitFunction): Promise<void> {
  let count = 0
  const moveRow = async ({ id }: { id: string }) => {
    const [row] = await sql<{ parameters: { referenceImages: string[] } }[]>`
      select parameters from generation_raw where generation_id = ${id}`
    const { referenceImages = [], ...others } = row?.parameters ?? {}
    const moved = referenceImages.map(async text => {
      const at = count++
      await limit(() => storeChecked(at, text))
      return `${storeUrl}/bench/floor-${at}`
    })
    const parameters = sql.json({ ...others, referenceImages: await Promise.all(moved) })
    await sql`update generation_raw set parameters = ${parameters} where generation_id = ${id}`
  }
  const found = await sql<{ id: string }[]>`select generation_id as id from generation_raw where has_file`
  await Promise.all(found.map(moveRow))
}

async function storeChecked(at: number, given = text): Promise<void> {
  const body = decodeText(given)
  await decodeWhole(body)
  await put(at, body)
  const stored = await fetch(`${storeUrl}/bench/floor-${at}`)
  if (Buffer.compare(await stored.bytes(), body) !== 0) throw new Error(`floor-${at} reads back with other bytes`)
}

async function storeImage(at: number): Promise<void> {
  await put(at, decodeText(text))
}

function decodeText(given: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromBase64(given.slice(given.indexOf(',') + 1))
}

/** Decodes a picture with the settings of `checkImage`. */
async function decodeWhole(body: Uint8Array): Promise<void> {
  await sharp(body, { limitInputPixels: false, failOn: 'truncated' })
    .autoOrient()
    .resize({ width: 1, fit: 'inside', withoutEnlargement: true })
    .raw()
    .toBuffer()
}

async function put(at: number, body: Uint8Array<ArrayBuffer>): Promise<void> {
  const response = await fetch(`${storeUrl}/bench/floor-${at}`, { method: 'PUT', body })
  if (!response.ok) throw new Error(`the store answered the PUT of floor-${at} with ${response.status}`)
}
