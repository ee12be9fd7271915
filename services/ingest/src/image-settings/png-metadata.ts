import { inflateSync } from 'node:zlib'

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex')
/** Bytes of a chunk's length and type, and of its checksum. */
const [HEADER_BYTES, CHECKSUM_BYTES] = [8, 4]
/** Most chunks of a file that are looked at. One of 100 MB with image data in the smallest common chunks, of 4 KB, has 25,000. */
const MAX_CHUNKS = 100_000
/** Longest keyword of a text. @see https://www.w3.org/TR/png-3/#11keywords */
const MAX_KEYWORD_BYTES = 79
/** Largest text, inflated, and the most of all texts of a file. A workflow of hundreds of nodes is shorter. */
const [MAX_TEXT_BYTES, MAX_FILE_BYTES] = [2 * 1024 * 1024, 8 * 1024 * 1024]

/** Keywords of the texts that are read; no other text is decoded or inflated. */
const KEYWORDS: ReadonlySet<string> = new Set([
  ...['parameters', 'prompt', 'workflow', 'invokeai_metadata', 'sd-metadata', 'Dream'],
  // Fooocus and Tensor.Art; NovelAI and Midjourney.
  ...['fooocus_scheme', 'generation_data', 'Software', 'Source', 'Description', 'Comment'],
  // Easy Diffusion, of its present and older versions.
  ...[
    'negative_prompt',
    'seed',
    'use_stable_diffusion_model',
    'num_inference_steps',
    'guidance_scale',
    'width',
    'height',
  ],
  ...[
    'sampler_name',
    'clip_skip',
    'use_vae_model',
    'Prompt',
    'Negative Prompt',
    'Seed',
    'Stable Diffusion model',
    'Steps',
  ],
  ...['Guidance Scale', 'Width', 'Height', 'Sampler'],
  'XML:com.adobe.xmp',
])

/** The metadata of a PNG: its texts by keyword, and its EXIF block from the TIFF header on. */
export interface PngMetadata {
  texts: Record<string, string>
  exif: Buffer | undefined
}

/** Bytes that may still be read from the texts of one file. */
interface ByteAllowance {
  left: number
}

/** Returns the text of a chunk, from the byte after its keyword on; undefined if it is damaged or too long. */
type TextReader = (data: Buffer, allowance: ByteAllowance) => string | undefined

const TEXT_READERS: Readonly<Record<string, TextReader>> = {
  tEXt: (data, allowance) => decodeText(limit(data, allowance)),
  zTXt: (data, allowance) => decodeText(inflate(data.subarray(1), allowance)),
  iTXt: readInternationalText,
}

/**
 * Reads the metadata of a PNG in one pass over its chunks. Of each keyword the first text counts; damaged and overlong texts are
 * skipped.
 *
 * @see https://www.w3.org/TR/png-3/#11textinfo
 */
export function readPngMetadata(bytes: Uint8Array): PngMetadata {
  const png = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const texts = new Map<string, string>()
  const allowance = { left: MAX_FILE_BYTES }
  let exif: Buffer | undefined
  for (const { type, data } of readChunks(png)) {
    if (type === 'eXIf') exif ??= data
    const keyword = Object.hasOwn(TEXT_READERS, type) ? readKeyword(data) : undefined
    if (keyword === undefined || !KEYWORDS.has(keyword) || texts.has(keyword)) continue
    const text = TEXT_READERS[type]?.(data.subarray(keyword.length + 1), allowance)
    if (text !== undefined) texts.set(keyword, text)
  }
  return { texts: Object.fromEntries(texts), exif }
}

/** Reads the keyword that a chunk of text begins with, which ends with a zero. */
function readKeyword(data: Buffer): string | undefined {
  const end = data.subarray(0, MAX_KEYWORD_BYTES + 1).indexOf(0)
  return end < 0 ? undefined : data.toString('latin1', 0, end)
}

/** Yields the chunks after the signature, without those of pixels. */
function* readChunks(png: Buffer): Generator<{ type: string; data: Buffer }> {
  if (!png.subarray(0, SIGNATURE.length).equals(SIGNATURE)) return
  let at = SIGNATURE.length
  for (let count = 0; count < MAX_CHUNKS && at + HEADER_BYTES + CHECKSUM_BYTES <= png.length; count += 1) {
    const end = at + HEADER_BYTES + png.readUInt32BE(at)
    const type = png.toString('latin1', at + 4, at + HEADER_BYTES)
    if (type === 'IEND') return
    if (type !== 'IDAT' && type !== 'fdAT') yield { type, data: png.subarray(at + HEADER_BYTES, end) }
    at = end + CHECKSUM_BYTES
  }
}

function readInternationalText(data: Buffer, allowance: ByteAllowance): string | undefined {
  // After the flag and the method of compression come a language and a translated keyword, each with a zero at its end.
  const language = data.indexOf(0, 2)
  const keyword = language < 0 ? -1 : data.indexOf(0, language + 1)
  if (keyword < 0) return undefined
  const rest = data.subarray(keyword + 1)
  const text = data[0] === 1 ? inflate(rest, allowance) : limit(rest, allowance)
  return text?.toString('utf8')
}

/** Decodes a text. The standard says Latin-1, but many programs write UTF-8. */
function decodeText(data: Buffer | undefined): string | undefined {
  const text = data?.toString('utf8')
  return text?.includes('\ufffd') ? data?.toString('latin1') : text
}

function limit(data: Buffer, allowance: ByteAllowance): Buffer | undefined {
  if (data.length > Math.min(MAX_TEXT_BYTES, allowance.left)) return undefined
  allowance.left -= data.length
  return data
}

function inflate(data: Buffer, allowance: ByteAllowance): Buffer | undefined {
  const maxOutputLength = Math.min(MAX_TEXT_BYTES, allowance.left)
  if (maxOutputLength <= 0) return undefined
  try {
    const text = inflateSync(data, { maxOutputLength })
    allowance.left -= text.length
    return text
  } catch {
    // It is damaged or too long. It may have cost as much as the longest that is read.
    allowance.left -= maxOutputLength
    return undefined
  }
}
