import { ASPECT_RATIOS } from '@darkroom/contracts/enums'
import { OUTPUT_LIMITS } from '@darkroom/infra/images/check-image'
import { sniffImageType } from '@darkroom/infra/images/image-formats'
import { readImageTexts } from '../image-settings/image-texts.ts'
import { readMetadata } from '../image-settings/read-metadata.ts'
import { readImportFile } from './read-file.ts'
import { type ImportRecord, RecordError, sanitizePrompt } from './record.ts'
import { walkFolder } from './walk-folder.ts'

/** An image file of a folder, with the record to import or the reason why there is none. */
export type FolderEntry = { file: string; record: ImportRecord } | { file: string; error: RecordError }

const FILE_NAMES = /\.png$/i

/** Reads the PNG files of a folder and its subfolders, in the order of their names, each as a completed generation. */
export async function* readFolder(folder: string): AsyncGenerator<FolderEntry> {
  for await (const entry of walkFolder(folder, FILE_NAMES)) {
    yield 'error' in entry ? entry : await readEntry(folder, entry.file)
  }
}

async function readEntry(folder: string, file: string): Promise<FolderEntry> {
  try {
    return { file, record: await readImageRecord(folder, file) }
  } catch (error) {
    if (error instanceof RecordError) return { file, error }
    throw error
  }
}

async function readImageRecord(folder: string, file: string): Promise<ImportRecord> {
  const { bytes, modifiedAt } = await readImportFile(folder, file, OUTPUT_LIMITS.bytes)
  const metadata = readMetadata(readImageTexts(bytes))
  if (!metadata) throw new RecordError('says nothing of how it was made')
  const aspectRatio = findAspectRatio(readPngSize(bytes))
  return {
    externalId: `sha256:${new Bun.CryptoHasher('sha256').update(bytes).digest('hex')}`,
    prompt: sanitizePrompt(metadata.prompt),
    model: metadata.model ?? 'unknown',
    kind: 'image',
    status: 'completed',
    error: null,
    parameters: { numOutputs: 1, ...(aspectRatio ? { aspectRatio } : {}), ...metadata.parameters },
    outputs: [{ url: null, file, width: null, height: null, isFavourite: false }],
    createdAt: modifiedAt.toISOString(),
    completedAt: modifiedAt.toISOString(),
  }
}

/** Reads the size at the beginning of a PNG's header. The rest of the image is validated when it is stored. */
function readPngSize(bytes: Uint8Array): [number, number] | undefined {
  if (sniffImageType(bytes) !== 'image/png' || bytes.byteLength < 24) return undefined
  const header = new DataView(bytes.buffer, bytes.byteOffset)
  return [header.getUint32(16), header.getUint32(20)]
}

/** Returns the supported aspect ratio that a size has, within rounding. */
function findAspectRatio([width, height]: [number, number] = [1, 0]): string | undefined {
  return ASPECT_RATIOS.find(ratio => {
    const [across = 1, down = 1] = ratio.split(':').map(Number)
    return Math.abs(width / height - across / down) < 0.02
  })
}
