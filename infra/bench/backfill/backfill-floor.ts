import pLimit from 'p-limit'
import sharp from 'sharp'
import { toDataUrl } from '../../testing/data/imported-rows.ts'
import { createPhotographFactory, ROW_SETS } from './backfill-rows.ts'

/**
 * A lower bound: data URLs that are in memory already are decoded from base64 and put, unsigned, `concurrency` at once. `checked` also
 * decodes each picture whole by bare sharp, reads it back and compares, as the backfill does.
 * `bun backfill-floor.ts <small|big> <store> <concurrency> <checked|unchecked>` writes a line when it is ready, does the work for each
 * line that it reads, and then writes the milliseconds.
 */

const [name = 'small', storeUrl = '', concurrency = '1', mode = 'unchecked'] = process.argv.slice(2)
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
  await Promise.all(Array.from({ length: rows * images }, (_, at) => limit(() => storeOne(at))))
  process.stdout.write(`${performance.now() - started}\n`)
}

async function storeChecked(at: number): Promise<void> {
  const body = decodeText()
  await decodeWhole(body)
  await put(at, body)
  const stored = await fetch(`${storeUrl}/bench/floor-${at}`)
  if (Buffer.compare(await stored.bytes(), body) !== 0) throw new Error(`floor-${at} reads back with other bytes`)
}

async function storeImage(at: number): Promise<void> {
  await put(at, decodeText())
}

function decodeText(): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromBase64(text.slice(text.indexOf(',') + 1))
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
