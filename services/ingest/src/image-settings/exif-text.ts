/** An entry of an image file directory: its type, and where its value is. */
interface Entry {
  type: number
  offset: number
  length: number
}

const EXIF_HEADER = 'Exif\0\0'
const [ASCII, UNDEFINED] = [2, 7]
const EXIF_DIRECTORY = 0x87_69
const USER_COMMENT = 0x92_86
const MAX_ENTRIES = 200
/** Sizes in bytes of the types of values. */
const TYPE_BYTES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8]

/**
 * Reads the texts of EXIF metadata by keyword: `parameters` from the user comment, as A1111 writes it, and texts of the form `prompt:…`
 * that ComfyUI writes into the tags of camera and maker.
 *
 * @see https://www.cipa.jp/std/documents/download_e.html?DC-008-Translation-2023-E
 */
export function readExifTexts(exif: Uint8Array | undefined): Record<string, string> {
  if (!exif) return {}
  const all = Buffer.from(exif.buffer, exif.byteOffset, exif.byteLength)
  const tiff = all.toString('latin1', 0, 6) === EXIF_HEADER ? all.subarray(6) : all
  try {
    return readTiffTexts(tiff)
  } catch (error) {
    // Offsets that lead out of the file.
    if (error instanceof RangeError) return {}
    throw error
  }
}

function readTiffTexts(tiff: Buffer): Record<string, string> {
  const isLittle = tiff.toString('latin1', 0, 2) === 'II'
  const main = readDirectory(tiff, tiff.length < 8 ? 0 : readUint32(tiff, 4, isLittle), isLittle)
  const texts = [...main.values()].flatMap(entry => readKeywordText(tiff, entry))
  const directory = main.get(EXIF_DIRECTORY)
  const comment =
    directory && readDirectory(tiff, readUint32(tiff, directory.offset, isLittle), isLittle).get(USER_COMMENT)
  const parameters = comment?.type === UNDEFINED ? decodeComment(getValue(tiff, comment)) : ''
  return { ...Object.fromEntries(texts), ...(parameters && { parameters }) }
}

function readDirectory(tiff: Buffer, start: number, isLittle: boolean): Map<number, Entry> {
  if (start === 0) return new Map()
  const count = Math.min(readUint16(tiff, start, isLittle), MAX_ENTRIES)
  const entries = Array.from({ length: count }, (_, index): [number, Entry] => {
    const at = start + 2 + 12 * index
    const type = readUint16(tiff, at + 2, isLittle)
    const length = readUint32(tiff, at + 4, isLittle) * (TYPE_BYTES[type] ?? 0)
    const offset = length <= 4 ? at + 8 : readUint32(tiff, at + 8, isLittle)
    return [readUint16(tiff, at, isLittle), { type, offset, length }]
  })
  return new Map(entries)
}

/** Reads a text of the form `prompt:…`. */
function readKeywordText(tiff: Buffer, entry: Entry): [string, string][] {
  if (entry.type !== ASCII) return []
  const text = getValue(tiff, entry).toString('utf8').replace(/\0+$/, '')
  const [, keyword] = /^(prompt|workflow):/.exec(text) ?? []
  return keyword ? [[keyword, text.slice(keyword.length + 1)]] : []
}

/** Decodes a user comment, which begins with the name of its encoding. */
function decodeComment(value: Buffer): string {
  const [encoding, text] = [value.toString('latin1', 0, 8), value.subarray(8)]
  if (!encoding.startsWith('UNICODE')) return text.toString('utf8').replace(/\0+$/, '')
  const even = text.subarray(0, text.length & ~1)
  // The standard leaves the order of bytes open: in Latin text the zeros show it.
  const zeros = [0, 1].map(parity => even.filter((byte, at) => at % 2 === parity && byte === 0).length)
  const isLittle = (zeros[1] ?? 0) > (zeros[0] ?? 0)
  return new TextDecoder(isLittle ? 'utf-16le' : 'utf-16be').decode(even).replace(/\0+$/, '')
}

function getValue(tiff: Buffer, { offset, length }: Entry): Buffer {
  return tiff.subarray(offset, offset + length)
}

function readUint16(tiff: Buffer, at: number, isLittle: boolean): number {
  return isLittle ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at)
}

function readUint32(tiff: Buffer, at: number, isLittle: boolean): number {
  return isLittle ? tiff.readUInt32LE(at) : tiff.readUInt32BE(at)
}
