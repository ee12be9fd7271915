import { crc32 } from 'node:zlib'
import type { Behaviour } from './behavior.ts'
import { type Content, FILLER, sizeOf } from './file-content.ts'
import { paintPicture } from './image.ts'
import type { Begun } from './state.ts'
import { makeMp4, makeWebm } from './video.ts'

/** The file of one output: a picture or video of the size asked for, filled up to about as many bytes as it should have. */
export async function contentOf(behaviour: Behaviour, { asked }: Begun, index: number): Promise<Content> {
  const { fileType, fileBytes } = behaviour
  if (fileType !== 'png') return MAKERS[fileType]({ ...asked, seconds: asked.duration ?? 4, bytes: fileBytes })
  const png = await paintPicture(asked, asked.seed, index)
  return { type: 'image/png', pieces: filled(png, fileBytes) }
}

const MAKERS = { mp4: makeMp4, webm: makeWebm } as const

/** A PNG with chunks in it that no reader knows, which it has to skip. */
function filled(png: Uint8Array, bytes: number): Uint8Array[] {
  const end = png.byteLength - 12
  const chunk = pngChunk(FILLER)
  const count = Math.max(0, Math.round((bytes - png.byteLength) / sizeOf(chunk)))
  return [png.subarray(0, end), ...Array.from({ length: count }, () => chunk).flat(), png.subarray(end)]
}

function pngChunk(data: Uint8Array): Uint8Array[] {
  const head = Buffer.from('\0\0\0\0fiLl', 'latin1')
  head.writeUInt32BE(data.byteLength)
  const check = Buffer.alloc(4)
  check.writeUInt32BE(crc32(data, crc32(head.subarray(4))))
  return [head, data, check]
}
