import { LIMITS } from '@darkroom/contracts/limits'
import { PREVIEW_WIDTHS, type PreviewWidth } from '@darkroom/contracts/previews'
import sharp, { type Sharp } from 'sharp'
import { rgbaToThumbHash } from 'thumbhash'

/** What a picture really is, told by decoding it, and what is kept beside it. */
export interface DecodedImage {
  mimeType: string
  extension: string
  /** Pixels, turned upright. */
  width: number
  height: number
  previews: { width: PreviewWidth; bytes: Uint8Array }[]
  /** thumbhash, base64 */
  placeholder: string
}

/** Bytes that are not a picture we take, in a sentence that can follow its name. */
export class ImageError extends Error {
  override readonly name = 'ImageError'
  /** `damaged` may have happened on the way; what is `unfit` is so wherever it is had from. */
  readonly reason: 'damaged' | 'unfit'

  constructor(reason: ImageError['reason'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}

/** Where a picture's bytes are: in memory, or in a file that stays as it is. */
export type MediaInput = Uint8Array | { path: string; bytes: number }

/** How large a picture may be: what people send is held to less than what a provider made. */
export interface ImageLimits {
  bytes: number
  pixels: number
}

export const REFERENCE_LIMITS: ImageLimits = { bytes: LIMITS.referenceBytes, pixels: LIMITS.referencePixels }

const DECODE_SECONDS = 20
/** Of the encoder of previews, 0 to 6. */
const [FAST_EFFORT, DEFAULT_EFFORT] = [0, 4]
const PLACEHOLDER_PIXELS = 100
/** The longest edge that WebP knows; a long page as one picture is longer. */
const MAX_WEBP_EDGE = 16_383
const START_BYTES = 16
/** What is looked at for the end of a picture in a file; whatever was appended to it is shorter. */
const END_BYTES = 1024 * 1024

/**
 * The formats that are taken, by the bytes they begin with. Only what is listed here reaches the decoder, so that a document
 * format with scripts in it (SVG, PDF) or a rarely used decoder is never even tried.
 */
const FORMATS: { mimeType: string; extension: string; matches: (bytes: Uint8Array) => boolean }[] = [
  { mimeType: 'image/png', extension: 'png', matches: bytes => startsWith(bytes, 0, '\x89PNG\r\n\x1a\n') },
  { mimeType: 'image/jpeg', extension: 'jpg', matches: bytes => startsWith(bytes, 0, '\xff\xd8\xff') },
  {
    mimeType: 'image/webp',
    extension: 'webp',
    matches: bytes => startsWith(bytes, 0, 'RIFF') && startsWith(bytes, 8, 'WEBP'),
  },
  {
    mimeType: 'image/avif',
    extension: 'avif',
    matches: bytes => startsWith(bytes, 4, 'ftypavif') || startsWith(bytes, 4, 'ftypavis'),
  },
  { mimeType: 'image/gif', extension: 'gif', matches: bytes => startsWith(bytes, 0, 'GIF8') },
]

/**
 * Decodes a picture whole, which is its check, and makes its previews and placeholder from that one decoding.
 *
 * @param source PNG, JPEG, WebP, AVIF or GIF, of which the first frame counts
 * @throws PictureError if it is none of these, damaged, cut short or too large
 */
export async function readImage(source: MediaInput, limits: ImageLimits): Promise<DecodedImage> {
  const { pixels, ...image } = await decodeImage(source, limits)
  return {
    ...image,
    previews: await renderPreviews(pixels, DEFAULT_EFFORT),
    placeholder: await computePlaceholder(pixels),
  }
}

/** The same check alone. @throws PictureError as `readPicture` does */
export async function validateImage(
  source: MediaInput,
  limits: ImageLimits,
): Promise<Omit<DecodedImage, 'placeholder' | 'previews'>> {
  const { pixels: _, ...image } = await decodeImage(source, limits)
  return image
}

/** The previews alone, made with the least effort: for very many pictures. @throws PictureError as `readPicture` does */
export async function makePreviews(source: MediaInput, limits: ImageLimits): Promise<DecodedImage['previews']> {
  return await renderPreviews((await decodeImage(source, limits)).pixels, FAST_EFFORT)
}

async function decodeImage(source: MediaInput, limits: ImageLimits) {
  const { mimeType, extension } = await detectFormat(source, limits)
  try {
    const { width, height } = await readSize(source, limits)
    await assertNotTruncated(source, mimeType)
    const pixels = await decodePixels(source, Math.max(...PREVIEW_WIDTHS))
    return { mimeType, extension, width, height, pixels }
  } catch (cause) {
    throw cause instanceof ImageError ? cause : new ImageError('damaged', 'is damaged or cut short', { cause })
  }
}

/**
 * The same picture as others may have it: upright, re-encoded, without metadata (place, camera, thumbnails, comments).
 *
 * @returns a PNG if it has transparency, else a JPEG
 */
export async function stripMetadata(bytes: Uint8Array): Promise<{ mimeType: string; bytes: Uint8Array }> {
  const image = openImage(bytes).autoOrient()
  const { hasAlpha } = await openImage(bytes).metadata()
  if (hasAlpha) return { mimeType: 'image/png', bytes: await image.png().toBuffer() }
  return { mimeType: 'image/jpeg', bytes: await image.jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer() }
}

/** The type that a picture's first bytes tell, undefined if it is none that is taken. What follows may still be damaged. */
export function sniffImageType(bytes: Uint8Array): string | undefined {
  return FORMATS.find(format => format.matches(bytes))?.mimeType
}

/** The extension that a picture of such first bytes is kept with, undefined if it is none that is taken. */
export function sniffImageExtension(bytes: Uint8Array): string | undefined {
  return FORMATS.find(format => format.matches(bytes))?.extension
}

async function detectFormat(source: MediaInput, limits: ImageLimits) {
  const size = source instanceof Uint8Array ? source.byteLength : source.bytes
  if (size === 0) throw new ImageError('damaged', 'is empty')
  if (size > limits.bytes) throw new ImageError('unfit', `is larger than ${limits.bytes / 1e6} MB`)
  const start = source instanceof Uint8Array ? source : await Bun.file(source.path).slice(0, START_BYTES).bytes()
  const format = FORMATS.find(candidate => candidate.matches(start))
  if (!format) throw new ImageError('unfit', 'is not a PNG, JPEG, WebP, AVIF or GIF picture')
  return format
}

async function readSize(source: MediaInput, limits: ImageLimits): Promise<{ width: number; height: number }> {
  const { width, height, autoOrient } = await openImage(source).metadata()
  if (width * height > limits.pixels) throw new ImageError('unfit', `has more than ${limits.pixels / 1e6} megapixels`)
  return { width: autoOrient.width, height: autoOrient.height }
}

/** The decoder is content with a PNG that has all its pixels and lacks its end; whoever sent it has lost a piece. */
async function assertNotTruncated(source: MediaInput, mimeType: string): Promise<void> {
  if (mimeType !== 'image/png') return
  const end = source instanceof Uint8Array ? source : await readEnd(source)
  if (Buffer.from(end.buffer, end.byteOffset, end.byteLength).includes('IEND')) return
  throw new ImageError('damaged', 'is damaged or cut short')
}

async function readEnd({ path, bytes }: { path: string; bytes: number }): Promise<Uint8Array> {
  // Not `slice(-END_BYTES)`: of a file, Bun gives so many bytes of its beginning then.
  return await Bun.file(path)
    .slice(Math.max(0, bytes - END_BYTES), bytes)
    .bytes()
}

/** Pixels, not encoded: everything that is kept beside a picture is made from them, and the picture is decoded once. */
type Pixels = Awaited<ReturnType<typeof decodePixels>>

async function decodePixels(source: MediaInput, width: number) {
  return await openImage(source)
    .autoOrient()
    .resize({ width, height: MAX_WEBP_EDGE, fit: 'inside', withoutEnlargement: true })
    .timeout({ seconds: DECODE_SECONDS })
    .raw()
    .toBuffer({ resolveWithObject: true })
}

async function renderPreviews(pixels: Pixels, effort: number): Promise<DecodedImage['previews']> {
  return await Promise.all(
    PREVIEW_WIDTHS.map(async width => ({ width, bytes: await renderPreview(pixels, width, effort) })),
  )
}

async function renderPreview(pixels: Pixels, width: number, effort: number): Promise<Uint8Array> {
  return await openPixels(pixels)
    .resize({ width, height: MAX_WEBP_EDGE, fit: 'inside', withoutEnlargement: true })
    .timeout({ seconds: DECODE_SECONDS })
    .webp({ quality: 82, effort })
    .toBuffer()
}

async function computePlaceholder(pixels: Pixels): Promise<string> {
  const { data, info } = await openPixels(pixels)
    .resize(PLACEHOLDER_PIXELS, PLACEHOLDER_PIXELS, { fit: 'inside' })
    .ensureAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true })
  return Buffer.from(rgbaToThumbHash(info.width, info.height, data)).toString('base64')
}

function openPixels({ data, info: { width, height, channels } }: Pixels): Sharp {
  return sharp(data, { raw: { width, height, channels }, limitInputPixels: false })
}

function openImage(source: MediaInput): Sharp {
  // The limit on pixels is ours, from the header, before anything is decoded: the decoder's own has no words for people.
  return sharp(source instanceof Uint8Array ? source : source.path, {
    limitInputPixels: false,
    failOn: 'truncated',
    pages: 1,
  })
}

function startsWith(bytes: Uint8Array, offset: number, signature: string): boolean {
  return Array.from(signature).every((character, at) => bytes[offset + at] === character.charCodeAt(0))
}
