import { LIMITS } from '@darkroom/contracts/limits'
import { isDataUrl } from '../../references/data-url.ts'
import { readImportFile } from '../read-file.ts'
import { RecordError } from '../record.ts'
import { type ImagePointer, type LocateOptions, locateImage } from './locate-image.ts'

type Parameters = Record<string, unknown>

/**
 * Finds the references of a generation where its pictures are looked up. One that is a file of the folder becomes text, which the
 * backfill moves like any other; one that is in the bucket gets its address there.
 */
export async function locateReferences(parameters: Parameters, options: LocateOptions): Promise<Parameters> {
  const { referenceImageUrl: url, referenceImagePath: path, referenceImageBucket: bucket, referenceImages } = parameters
  const located: Parameters = { ...parameters }
  if (isAddress(url) || isAddress(path)) {
    const single = await locateReference({ url: toText(url), path: toText(path), bucket: toText(bucket) }, options)
    const isEmbedded = single !== undefined && isDataUrl(single)
    if (isEmbedded) delete located.referenceImageUrl
    if (single !== undefined) located[isEmbedded ? 'referenceImage' : 'referenceImageUrl'] = single
  }
  if (isAddress(parameters.referenceImage))
    located.referenceImage = (await locateText(parameters.referenceImage, options)) ?? parameters.referenceImage
  if (Array.isArray(referenceImages)) located.referenceImages = await locateList(referenceImages, options)
  return located
}

async function locateList(list: readonly unknown[], options: LocateOptions): Promise<unknown[]> {
  const located: unknown[] = []
  for (const item of list) located.push(isAddress(item) ? ((await locateText(item, options)) ?? item) : item)
  return located
}

async function locateText(url: string, options: LocateOptions): Promise<string | undefined> {
  return await locateReference({ url, path: null, bucket: null }, options)
}

/** Returns the address of a reference, or the reference as text; undefined if it is nowhere. */
async function locateReference(pointer: ImagePointer, options: LocateOptions): Promise<string | undefined> {
  const location = await locateImage(pointer, options)
  if ('url' in location) return location.url
  if ('missing' in location) {
    options.leftOut.add(`references ${location.missing}`)
    return undefined
  }
  try {
    const { bytes } = await readImportFile(options.files ?? '', location.file, LIMITS.referenceBytes)
    return `data:;base64,${Buffer.from(bytes).toString('base64')}`
  } catch (error) {
    if (!(error instanceof RecordError)) throw error
    options.leftOut.add('references whose file cannot be read')
    return undefined
  }
}

function isAddress(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '' && !isDataUrl(value)
}

function toText(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
