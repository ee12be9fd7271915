import { EXIF_SIGNATURE } from '@darkroom/infra/images/metadata/orientation'

/** An entry of an image file directory: its type, and where its value is. */
interface Entry {
  type: number
  offset: number
  length: number
}

/** A TIFF block, and the order of its bytes. */
interface Tiff {
  data: Buffer
  isLittle: boolean
}

const [ASCII, UNDEFINED] = [2, 7]
const EXIF_DIRECTORY = 0x87_69
const USER_COMMENT = 0x92_86
/** Most entries of a directory that are read. */
const MAX_ENTRIES = 200
/** Largest text that is read. Several entries may name the same bytes. */
const MAX_TEXT_BYTES = 2 * 1024 * 1024
/** Keywords of the texts of ComfyUI that are read. Some nodes write them with a capital letter. */
const KEYWORDS = ['prompt', 'workflow']
const [DESCRIPTION, MAKER_NOTE] = [0x01_0e, 0x92_7c]
/** Bytes of a user comment that name its encoding. */
const ENCODINGS = ['ASCII\0\0\0', 'UNICODE\0', 'JIS\0\0\0\0\0', '\0'.repeat(8)]
/** Sizes in bytes of the types of values. */
const TYPE_BYTES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8]
/** Bytes of a comment by which the order of its bytes is recognised. */
const SAMPLE_BYTES = 4_096

/**
 * Reads the texts of EXIF metadata by keyword: `parameters` from the user comment, as A1111 writes it, texts of the form `prompt:…` that
 * ComfyUI writes into the tags of camera and maker, `Description`, and the scheme of Fooocus. Two directories are read and no further one is followed, so none can be a loop.
 *
 * @see https://www.cipa.jp/std/documents/download_e.html?DC-008-Translation-2023-E
 */
export function readExifTexts(exif: Buffer | undefined): Record<string, string> {
  if (!exif) return {}
  const data = exif.toString('latin1', 0, EXIF_SIGNATURE.length) === EXIF_SIGNATURE ? exif.subarray(6) : exif
  try {
    return readTiffTexts({ data, isLittle: data.toString('latin1', 0, 2) === 'II' })
  } catch (error) {
    // Offsets and counts that lead out of the file.
    if (error instanceof RangeError) return {}
    throw error
  }
}

function readTiffTexts(tiff: Tiff): Record<string, string> {
  const main = readDirectory(tiff, tiff.data.length < 8 ? 0 : readUint32(tiff, 4))
  const texts = new Map<string, string>()
  for (const entry of main.values()) readKeywordText(tiff, entry, texts)
  readDescription(tiff, main.get(DESCRIPTION), texts)
  const pointer = main.get(EXIF_DIRECTORY)
  const details = pointer ? readDirectory(tiff, readUint32(tiff, pointer.offset)) : new Map<number, Entry>()
  const parameters = readComment(tiff, details.get(USER_COMMENT))
  if (parameters !== '') texts.set('parameters', parameters)
  const maker = details.get(MAKER_NOTE)
  const scheme = maker && maker.length < 16 ? getValue(tiff, maker)?.toString('latin1') : undefined
  if (scheme && /^(?:fooocus|a1111)\0*$/.test(scheme)) texts.set('fooocus_scheme', withoutEndingZeros(scheme))
  return Object.fromEntries(texts)
}

/** Reads the description of an image, which may be a graph of ComfyUI without a keyword. */
function readDescription(tiff: Tiff, entry: Entry | undefined, texts: Map<string, string>): void {
  const value = entry?.type === ASCII ? getValue(tiff, entry) : undefined
  if (!value) return
  const text = withoutEndingZeros(value.toString('utf8'))
  const isGraph = text.startsWith('{') && text.includes('"class_type"')
  const keyword = isGraph ? 'prompt' : 'Description'
  if (!texts.has(keyword)) texts.set(keyword, text)
}

function readDirectory(tiff: Tiff, start: number): Map<number, Entry> {
  if (start === 0) return new Map()
  const count = Math.min(readUint16(tiff, start), MAX_ENTRIES, Math.floor((tiff.data.length - start - 2) / 12))
  const entries = Array.from({ length: count }, (_, index): [number, Entry] => {
    const at = start + 2 + 12 * index
    const type = readUint16(tiff, at + 2)
    const length = readUint32(tiff, at + 4) * (TYPE_BYTES[type] ?? 0)
    const offset = length <= 4 ? at + 8 : readUint32(tiff, at + 8)
    return [readUint16(tiff, at), { type, offset, length }]
  })
  return new Map(entries)
}

/** Reads a text of the form `prompt:…`, the first of each keyword. */
function readKeywordText(tiff: Tiff, entry: Entry, texts: Map<string, string>): void {
  const value = entry.type === ASCII ? getValue(tiff, entry) : undefined
  const keyword =
    value && KEYWORDS.find(name => value.toString('latin1', 0, name.length + 1).toLowerCase() === `${name}:`)
  if (!keyword || texts.has(keyword)) return
  texts.set(keyword, withoutEndingZeros(value.toString('utf8')).slice(keyword.length + 1))
}

/** Reads the user comment, which begins with the name of its encoding. Some programs write it as text, or without that. */
function readComment(tiff: Tiff, comment: Entry | undefined): string {
  const value = comment?.type === UNDEFINED || comment?.type === ASCII ? getValue(tiff, comment) : undefined
  if (!value) return ''
  const encoding = value.toString('latin1', 0, 8)
  if (!ENCODINGS.includes(encoding)) return withoutEndingZeros(value.toString('utf8'))
  const text = value.subarray(8)
  return withoutEndingZeros(encoding.startsWith('UNICODE') ? decodeUtf16(text) : text.toString('utf8'))
}

/** Decodes UTF-16. The standard leaves the order of bytes open: in Latin text the zeros show it. */
function decodeUtf16(text: Buffer): string {
  const sample = text.subarray(0, SAMPLE_BYTES)
  const zeros = [0, 0]
  for (const [at, byte] of sample.entries()) if (byte === 0) zeros[at % 2] = (zeros[at % 2] ?? 0) + 1
  const isLittle = (zeros[1] ?? 0) > (zeros[0] ?? 0)
  return new TextDecoder(isLittle ? 'utf-16le' : 'utf-16be').decode(text.subarray(0, text.length & ~1))
}

/** Cuts the zeros off the end of a text, without a pattern: one is tried at each zero before the end as well. */
function withoutEndingZeros(text: string): string {
  let end = text.length
  while (end > 0 && text.charCodeAt(end - 1) === 0) end -= 1
  return text.slice(0, end)
}

/** Returns the bytes of a value; undefined if there are too many, or they are not in the file. */
function getValue({ data }: Tiff, { offset, length }: Entry): Buffer | undefined {
  if (length > MAX_TEXT_BYTES || offset + length > data.length) return undefined
  return data.subarray(offset, offset + length)
}

function readUint16({ data, isLittle }: Tiff, at: number): number {
  return isLittle ? data.readUInt16LE(at) : data.readUInt16BE(at)
}

function readUint32({ data, isLittle }: Tiff, at: number): number {
  return isLittle ? data.readUInt32LE(at) : data.readUInt32BE(at)
}
