import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ASPECT_RATIOS } from '@darkroom/contracts/enums'
import { readPngTexts } from '../image-settings/png-text.ts'
import { readMetadata } from '../image-settings/read-metadata.ts'
import { type ImportRecord, RecordError } from './record.ts'

/** An image file of a folder, with the record to import or the reason why there is none. */
export type FolderEntry = { file: string; record: ImportRecord } | { file: string; error: RecordError }

/** Reads the PNG files of a folder and its subfolders, in the order of their names, each as a completed generation. */
export async function* readFolder(folder: string): AsyncGenerator<FolderEntry> {
  const names = (await readdir(folder, { recursive: true })).filter(name => /\.png$/i.test(name)).toSorted()
  for (const file of names) yield await readImageRecord(folder, file)
}

async function readImageRecord(folder: string, file: string): Promise<FolderEntry> {
  const path = join(folder, file)
  const [bytes, { mtime }] = await Promise.all([Bun.file(path).bytes(), stat(path)])
  const metadata = readMetadata(readPngTexts(bytes))
  if (!metadata) return { file, error: new RecordError('says nothing of how it was made') }
  const aspectRatio = bytes.byteLength > 24 ? findAspectRatio(...readPngSize(bytes)) : undefined
  const record: ImportRecord = {
    externalId: `sha256:${new Bun.CryptoHasher('sha256').update(bytes).digest('hex')}`,
    prompt: metadata.prompt.slice(0, 32_000),
    model: metadata.model ?? 'unknown',
    kind: 'image',
    status: 'completed',
    error: null,
    parameters: { numOutputs: 1, ...(aspectRatio ? { aspectRatio } : {}), ...metadata.parameters },
    outputs: [{ url: null, file, width: null, height: null }],
    createdAt: mtime,
    completedAt: mtime,
  }
  return { file, record }
}

/** Reads the size at the beginning of a PNG's header. The rest of the image is validated when it is stored. */
function readPngSize(bytes: Uint8Array): [number, number] {
  const header = new DataView(bytes.buffer, bytes.byteOffset)
  return [header.getUint32(16), header.getUint32(20)]
}

/** Returns the supported aspect ratio that a size has, within rounding. */
function findAspectRatio(width: number, height: number): string | undefined {
  return ASPECT_RATIOS.find(ratio => {
    const [across = 1, down = 1] = ratio.split(':').map(Number)
    return Math.abs(width / height - across / down) < 0.02
  })
}
