import { createOrientationExif, EXIF_SIGNATURE, readOrientation } from './orientation.ts'

/** Chunks that pixels need to be decoded and shown. */
const RETAINED = new Set(['VP8X', 'VP8 ', 'VP8L', 'ALPH', 'ANIM', 'ANMF', 'ICCP'])
const [FILE_HEADER_BYTES, CHUNK_HEADER_BYTES] = [12, 8]
/** Flags of `VP8X` that announce EXIF and XMP. */
const [EXIF_FLAG, XMP_FLAG] = [0x08, 0x04]

/**
 * Returns a WebP image without metadata.
 *
 * @throws RangeError if it is damaged
 * @see https://developers.google.com/speed/webp/docs/riff_container
 */
export function removeWebpMetadata(bytes: Uint8Array): Uint8Array[] {
  const webp = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const fileEnd = Math.min(webp.length, CHUNK_HEADER_BYTES + webp.readUInt32LE(4))
  const chunks = readChunks(webp, fileEnd)
  const exif = chunks.filter(({ type }) => type === 'EXIF').flatMap(({ chunk }) => createExifChunk(chunk))
  const retained = chunks
    .filter(({ type }) => RETAINED.has(type))
    .map(({ type, chunk }) => (type === 'VP8X' ? setFlags(chunk, exif.length > 0) : chunk))
  const parts = [...retained, ...exif]
  const header = Buffer.from(webp.subarray(0, FILE_HEADER_BYTES))
  header.writeUInt32LE(4 + parts.reduce((sum, part) => sum + part.byteLength, 0), 4)
  return [header, ...parts]
}

/** Reads the chunks of a file, each with its padding. */
function readChunks(webp: Buffer, fileEnd: number): { type: string; chunk: Buffer }[] {
  const chunks: { type: string; chunk: Buffer }[] = []
  for (let at = FILE_HEADER_BYTES; at + CHUNK_HEADER_BYTES <= fileEnd; ) {
    const length = webp.readUInt32LE(at + 4)
    const end = at + CHUNK_HEADER_BYTES + length + (length % 2)
    if (end - (length % 2) > webp.length) throw new RangeError('a chunk is cut short')
    const chunk = webp.subarray(at, end)
    // At the end of a file some programs leave the padding out, and another chunk may follow here.
    const padded = chunk.byteLength === end - at ? chunk : Buffer.concat([chunk, Buffer.alloc(1)])
    chunks.push({ type: webp.toString('latin1', at, at + 4), chunk: padded })
    at = end
  }
  return chunks
}

/** Returns a copy of the chunk `VP8X` that announces EXIF as it is, and no XMP. */
export function setFlags(chunk: Buffer, hasExif: boolean): Buffer {
  const copy = Buffer.from(chunk)
  const flags = copy.readUInt8(CHUNK_HEADER_BYTES) & ~(EXIF_FLAG | XMP_FLAG)
  copy.writeUInt8(flags | (hasExif ? EXIF_FLAG : 0), CHUNK_HEADER_BYTES)
  return copy
}

/** Creates the chunk with the orientation of an EXIF chunk, if the image is not upright. */
export function createExifChunk(chunk: Buffer): Buffer[] {
  const body = chunk.subarray(CHUNK_HEADER_BYTES)
  // Some programs write the signature of JPEG before the block.
  const hasSignature = body.toString('latin1', 0, EXIF_SIGNATURE.length) === EXIF_SIGNATURE
  const exif = createOrientationExif(readOrientation(hasSignature ? body.subarray(EXIF_SIGNATURE.length) : body))
  if (!exif) return []
  const header = Buffer.from('EXIF\0\0\0\0', 'latin1')
  header.writeUInt32LE(exif.byteLength, 4)
  return [header, Buffer.from(exif)]
}
