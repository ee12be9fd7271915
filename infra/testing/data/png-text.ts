import { crc32 } from 'node:zlib'

/** Returns a copy of a PNG with a text chunk. A chunk of another type than `tEXt` is given whole, without a name. */
export function addPngText(png: Buffer, name: string, text: string | Buffer, type = 'tEXt'): Buffer {
  const header = 8 + 25
  const data =
    type === 'tEXt' ? Buffer.concat([Buffer.from(`${name}\0`, 'latin1'), Buffer.from(text)]) : Buffer.from(text)
  const body = Buffer.concat([Buffer.from(type), data])
  const chunk = Buffer.alloc(body.length + 8)
  chunk.writeUInt32BE(data.length)
  body.copy(chunk, 4)
  chunk.writeUInt32BE(crc32(body), body.length + 4)
  return Buffer.concat([png.subarray(0, header), chunk, png.subarray(header)])
}
