/** Builds a chunk of a WebP: type, length, data and padding. */
export function buildRiffChunk(type: string, data: Uint8Array): Buffer {
  const header = Buffer.from(`${type}\0\0\0\0`, 'latin1')
  header.writeUInt32LE(data.length, 4)
  return Buffer.concat([header, data, Buffer.alloc(data.length % 2)])
}

/** Builds a WebP of chunks. */
export function buildWebp(chunks: readonly Buffer[]): Buffer {
  const body = Buffer.concat([Buffer.from('WEBP', 'latin1'), ...chunks])
  return buildRiffChunk('RIFF', body)
}

/** Builds the extended header of a WebP. */
export function buildExtendedHeader(width: number, height: number, flags = 0): Buffer {
  const data = Buffer.alloc(10)
  data[0] = flags
  data.writeUIntLE(width - 1, 4, 3)
  data.writeUIntLE(height - 1, 7, 3)
  return buildRiffChunk('VP8X', data)
}

/** Returns the chunks of a WebP, whole. */
export function splitWebp(webp: Buffer): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 12; at < webp.length; ) {
    const length = webp.readUInt32LE(at + 4)
    const end = at + 8 + length + (length % 2)
    chunks.push(webp.subarray(at, end))
    at = end
  }
  return chunks
}

/** Builds a segment of a JPEG. */
export function buildSegment(marker: number, data: Uint8Array | string): Buffer {
  const segment = Buffer.concat([Buffer.from([0xff, marker, 0, 0]), Buffer.from(data)])
  segment.writeUInt16BE(segment.length - 2, 2)
  return segment
}

/** Builds a box of an ISO base media file. */
export function buildBox(type: string, content: Uint8Array | string): Buffer {
  const box = Buffer.concat([Buffer.alloc(4), Buffer.from(type, 'latin1'), Buffer.from(content)])
  box.writeUInt32BE(box.length)
  return box
}
