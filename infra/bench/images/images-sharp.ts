import { PREVIEW_WIDTHS } from '@darkroom/contracts/previews'
import sharp from 'sharp'
import { rgbaToThumbHash } from 'thumbhash'
import { PREVIEW_EFFORT } from '../../src/images/previews.ts'
import { AT_ONCE, openSource } from './image-sets.ts'

/**
 * The same previews and placeholder by `sharp` alone, with the same settings and one decoding of each image, in one process: nothing is
 * inspected, limited or isolated. It is spoken to like `images-ours.ts`.
 */

const [QUALITY, PLACEHOLDER_PIXELS] = [82, 100]
const [, , path = '', source = ''] = process.argv
const opened = await openSource(path, source)
const image = Buffer.isBuffer(opened) ? opened : opened.path
sharp.concurrency(1)
sharp.cache(false)

process.stdout.write('ready\n')
for await (const _ of console) {
  const made = await Promise.all(Array.from({ length: AT_ONCE }, makePreviews))
  process.stdout.write(`${made.flatMap(({ previews }) => previews).length}\n`)
}

async function makePreviews() {
  const { data, info } = await sharp(image, { failOn: 'truncated' })
    .autoOrient()
    .resize({ width: Math.max(...PREVIEW_WIDTHS), withoutEnlargement: true })
    .raw()
    .toBuffer({ resolveWithObject: true })
  const open = () => sharp(data, { raw: { width: info.width, height: info.height, channels: info.channels } })
  const previews = PREVIEW_WIDTHS.map(width =>
    open()
      .resize({ width, withoutEnlargement: true })
      .webp({ quality: QUALITY, effort: PREVIEW_EFFORT.default })
      .toBuffer(),
  )
  const placeholder = await open()
    .resize(PLACEHOLDER_PIXELS, PLACEHOLDER_PIXELS, { fit: 'inside' })
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  const hash = rgbaToThumbHash(placeholder.info.width, placeholder.info.height, placeholder.data)
  return { previews: await Promise.all(previews), placeholder: Buffer.from(hash).toString('base64') }
}
