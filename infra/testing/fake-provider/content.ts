import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { Behavior } from './behavior.ts'
import { FILLER, type FileContent, totalBytes } from './file-content.ts'
import { renderImage } from './image.ts'
import type { PredictionRecord } from './state.ts'
import { makeMp4, makeWebm } from './video.ts'

/** Creates the file of one output: an image or video of the requested dimensions, padded to about the requested size. */
export async function createContent(
  behavior: Behavior,
  { submission }: PredictionRecord,
  index: number,
): Promise<FileContent> {
  const { fileType, fileBytes } = behavior
  if (fileType === 'recorded') return { type: 'video/webm', pieces: [await Bun.file(RECORDED).bytes()] }
  const videoType = fileType !== 'png' ? fileType : submission.kind === 'video' ? 'mp4' : null
  if (videoType !== null)
    return VIDEO_MAKERS[videoType]({ ...submission, seconds: submission.duration ?? 4, bytes: fileBytes })
  const png = await renderImage(submission, submission.seed, index)
  return { type: 'image/png', pieces: padPng(png, fileBytes) }
}

/** Two seconds of a browser's own recorder, 64 × 36. */
const RECORDED = join(import.meta.dirname, '..', '..', 'src', 'images', 'video', 'recorded.webm')

const VIDEO_MAKERS = { mp4: makeMp4, webm: makeWebm } as const

/** Pads a PNG with chunks of unknown type, which readers skip. */
function padPng(png: Uint8Array, bytes: number): Uint8Array[] {
  const end = png.byteLength - 12
  const chunk = pngChunk(FILLER)
  const count = Math.max(0, Math.round((bytes - png.byteLength) / totalBytes(chunk)))
  return [png.subarray(0, end), ...Array.from({ length: count }, () => chunk).flat(), png.subarray(end)]
}

function pngChunk(data: Uint8Array): Uint8Array[] {
  const head = Buffer.from('\0\0\0\0fiLl', 'latin1')
  head.writeUInt32BE(data.byteLength)
  const check = Buffer.alloc(4)
  check.writeUInt32BE(crc32(data, crc32(head.subarray(4))))
  return [head, data, check]
}
