import { extname } from 'node:path'
import { ASPECT_RATIOS } from '@darkroom/contracts/enums'
import { OUTPUT_LIMITS } from '@darkroom/infra/images/check-image'
import { sniffImageType } from '@darkroom/infra/images/image-formats'
import { readImageTexts } from '../image-settings/image-texts.ts'
import type { ImageMetadata } from '../image-settings/metadata.ts'
import { readMetadata } from '../image-settings/read-metadata.ts'
import type { ImportEntry, ImportSource } from './entry.ts'
import type { ImportNotes } from './notes.ts'
import type { SourceOptions } from './options.ts'
import { readImportFile } from './read-file.ts'
import { type ImportRecord, RecordError, sanitizePrompt } from './record.ts'
import { type WalkEntry, walkFolder } from './walk-folder.ts'

type FolderOptions = Pick<SourceOptions, 'includesAll' | 'notes'>

const IMAGE_NAMES = /\.(?:png|jpe?g|webp|avif)$/i

/**
 * Opens a folder of images. Each image in it and in its subfolders is a completed generation, in the order of their names. Files of
 * other kinds are counted by extension.
 */
export async function openFolder(folder: string, options: FolderOptions): Promise<ImportSource> {
  let [total, done] = [0, 0]
  for await (const entry of walkFolder(folder)) total += isImage(entry) ? 1 : 0
  async function* readEntries(): AsyncGenerator<ImportEntry> {
    for await (const entry of walkFolder(folder)) {
      if (!isImage(entry)) {
        countFile(options.notes, entry.file)
        continue
      }
      yield 'error' in entry ? { name: entry.file, error: entry.error } : await readEntry(folder, entry.file, options)
      done += 1
    }
  }
  // Files may come and go meanwhile.
  const getProgress = () => ({ done, total: Math.max(done, total), unit: 'files' as const })
  return { folder, entries: readEntries(), getProgress }
}

/** Returns whether an entry is an image by its name, or something that has to be named. */
function isImage(entry: WalkEntry): boolean {
  return 'error' in entry || IMAGE_NAMES.test(entry.file)
}

function countFile({ passedOver }: ImportNotes, file: string): void {
  passedOver.add(extname(file).toLowerCase() || 'without an extension')
}

async function readEntry(folder: string, file: string, options: FolderOptions): Promise<ImportEntry> {
  try {
    return { name: file, record: await readImageRecord(folder, file, options) }
  } catch (error) {
    if (error instanceof RecordError) return { name: file, error }
    throw error
  }
}

async function readImageRecord(folder: string, file: string, { includesAll }: FolderOptions): Promise<ImportRecord> {
  const { bytes, modifiedAt } = await readImportFile(folder, file, OUTPUT_LIMITS.bytes)
  const metadata = readMetadata(readImageTexts(bytes)) ?? (includesAll ? undefined : throwUnknown())
  const time = modifiedAt.toISOString()
  return {
    externalId: `sha256:${new Bun.CryptoHasher('sha256').update(bytes).digest('hex')}`,
    prompt: sanitizePrompt(metadata?.prompt ?? ''),
    model: metadata?.model ?? 'unknown',
    kind: 'image',
    status: 'completed',
    error: null,
    parameters: toParameters(metadata, bytes),
    outputs: [{ url: null, file, width: null, height: null, isFavourite: false }],
    createdAt: time,
    completedAt: time,
  }
}

function throwUnknown(): never {
  throw new RecordError('says nothing of how it was made')
}

function toParameters(metadata: ImageMetadata | undefined, bytes: Uint8Array): Record<string, unknown> {
  const { width, height } = metadata ?? { width: null, height: null }
  const aspectRatio = findAspectRatio(readPngSize(bytes) ?? (width && height ? [width, height] : undefined))
  const seed = metadata?.largeSeed ?? undefined
  return {
    numOutputs: 1,
    ...(aspectRatio ? { aspectRatio } : {}),
    ...(seed === undefined ? {} : { seed }),
    ...metadata?.parameters,
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
