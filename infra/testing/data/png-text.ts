import { createChunk } from '../../src/images/metadata/png-chunks.ts'

/** Returns a copy of a PNG with a text chunk. A chunk of another type than `tEXt` is given whole, without a name. */
export function addPngText(png: Buffer, name: string, text: string | Buffer, type = 'tEXt'): Buffer {
  const header = 8 + 25
  const data =
    type === 'tEXt' ? Buffer.concat([Buffer.from(`${name}\0`, 'latin1'), Buffer.from(text)]) : Buffer.from(text)
  return Buffer.concat([png.subarray(0, header), createChunk(type, data), png.subarray(header)])
}
