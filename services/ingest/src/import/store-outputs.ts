import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { objectKeys, previewKey } from '@darkroom/contracts/previews'
import type { Database } from '@darkroom/infra/database/connection'
import { isTransientDbError } from '@darkroom/infra/database/errors'
import type { Identity } from '@darkroom/infra/http/identity'
import { OUTPUT_LIMITS } from '@darkroom/infra/images/check-image'
import type { ImageDecoder } from '@darkroom/infra/images/decoder/image-decoder'
import type { DecodedImage } from '@darkroom/infra/images/image'
import { sniffImageType } from '@darkroom/infra/images/image-formats'
import { readMedia } from '@darkroom/infra/images/media'
import { MediaError } from '@darkroom/infra/images/media-error'
import type { ByteBudget } from '@darkroom/infra/runtime/byte-budget'
import { retry } from '@darkroom/infra/runtime/retry'
import { RETRY_POLICIES } from '@darkroom/infra/runtime/retry-policies'
import type { Store } from '@darkroom/infra/store/store'
import pLimit from 'p-limit'
import { DataUrlError, parseDataUrl } from '../references/data-url.ts'
import { cancelObjectRemovals } from '../references/reference-rows.ts'
import { findFile } from './find-file.ts'
import type { ImportedOutput, NewImport, StoredOutput } from './import-rows.ts'
import { readImportFile } from './read-file.ts'
import { type ImportRecord, RecordError, type RecordOutput } from './record.ts'
import type { ImportLog } from './report.ts'

/** A record with its ids, and the name that people find it by. */
export interface Candidate {
  name: string
  id: string
  clientId: string
  record: ImportRecord
}

/** A record whose outputs are stored. */
export interface PreparedImport {
  name: string
  newImport: NewImport
}

export interface OutputDeps {
  database: Database
  store: Pick<Store, 'put'>
  images: Pick<ImageDecoder, 'read' | 'validate'>
  identity: Identity
  /** Folder that the files of outputs are in. */
  folder: string
  /** Memory of the files that are read at once. */
  budget: ByteBudget
  /** Everything is looked at, and nothing is stored or written. */
  isDryRun: boolean
  signal: AbortSignal
  log: Pick<ImportLog, 'addFailure'>
}

/** Generations whose outputs are stored at once. The decoder has limits of its own. */
const CONCURRENCY = 4

/**
 * Stores the outputs of records that are files or text. A record of which an output cannot be stored is logged and left out: the next
 * import tries it again.
 */
export async function prepareOutputs(deps: OutputDeps, candidates: readonly Candidate[]): Promise<PreparedImport[]> {
  const limit = pLimit(CONCURRENCY)
  const prepared = await Promise.all(candidates.map(candidate => limit(() => prepareRecord(deps, candidate))))
  return prepared.filter(item => item !== undefined)
}

async function prepareRecord(deps: OutputDeps, candidate: Candidate): Promise<PreparedImport | undefined> {
  const { name, id, clientId, record } = candidate
  const outputs: ImportedOutput[] = []
  try {
    for (const [index, output] of record.outputs.entries())
      outputs.push(
        await prepareOutput(deps, { output, stem: `w/${deps.identity.workspaceId}/gen/${id}/0/${index}`, index }),
      )
  } catch (error) {
    if (!(error instanceof RecordError)) throw error
    deps.log.addFailure(name, error)
    return undefined
  }
  return { name, newImport: { id, clientId, identity: deps.identity, record, outputs } }
}

async function prepareOutput(
  deps: OutputDeps,
  { output, stem, index }: { output: RecordOutput; stem: string; index: number },
): Promise<ImportedOutput> {
  const { url, file, dataUrl, width, height, isFavourite } = output
  const found = file === null ? undefined : await findFile(deps.folder, file)
  if (found === undefined && dataUrl === undefined && url !== null)
    return { kind: 'temporary', url, width, height, isFavourite }
  const [name, path] = [file ?? `outputs.${index}`, found ?? file ?? '']
  using _reservation = await deps.budget.reserve(await estimateBytes(join(deps.folder, path), dataUrl), deps.signal)
  const bytes = dataUrl === undefined ? await readOutput(deps, path, name) : decodeDataUrl(dataUrl, name)
  const stored = await storeMedia(deps, bytes, stem).catch(cause => {
    throw cause instanceof MediaError ? new RecordError(`${name} ${cause.message}`, { cause }) : cause
  })
  return { ...stored, isFavourite }
}

async function estimateBytes(path: string, dataUrl: string | undefined): Promise<number> {
  if (dataUrl !== undefined) return dataUrl.length
  const stats = await stat(path).catch(() => undefined)
  return Math.min(stats?.size ?? 0, OUTPUT_LIMITS.bytes)
}

/** Reads a file. A record names it in its own words, which are those of the message. */
async function readOutput({ folder }: OutputDeps, path: string, name: string): Promise<Uint8Array> {
  try {
    return (await readImportFile(folder, path, OUTPUT_LIMITS.bytes)).bytes
  } catch (error) {
    if (!(error instanceof RecordError) || name === path) throw error
    throw new RecordError(
      error.message.replace(path, () => name),
      { cause: error },
    )
  }
}

/** @throws RecordError if it is no base64 */
function decodeDataUrl(dataUrl: string, name: string): Uint8Array {
  try {
    return parseDataUrl(dataUrl).bytes
  } catch (cause) {
    throw cause instanceof DataUrlError ? new RecordError(`${name} ${cause.message}`, { cause }) : cause
  }
}

/** Stores an image with its previews, or a video; a dry run only looks whether it is whole. @throws MediaError */
async function storeMedia(deps: OutputDeps, bytes: Uint8Array, stem: string): Promise<StoredOutput> {
  const { images, signal } = deps
  const sha256 = new Bun.CryptoHasher('sha256').update(bytes).digest('hex')
  const common = { kind: 'stored', bytes: bytes.byteLength, sha256 } as const
  if (deps.isDryRun && sniffImageType(bytes)) {
    const { mimeType, width, height, extension } = await images.validate(bytes, OUTPUT_LIMITS, { signal })
    const unknown = { mediaKind: 'image', placeholder: null, duration: null } as const
    return { ...common, ...unknown, mimeType, width, height, key: `${stem}.${extension}` }
  }
  const limits = { image: OUTPUT_LIMITS, videoBytes: OUTPUT_LIMITS.bytes }
  const {
    previews,
    extension,
    container: _,
    kind: mediaKind,
    ...media
  } = await readMedia(images, bytes, limits, { signal })
  const key = `${stem}.${extension}`
  if (!deps.isDryRun) await putObjects(deps, key, bytes, previews)
  return { ...common, ...media, mediaKind, key }
}

async function putObjects(
  { database, store, identity, signal }: OutputDeps,
  key: string,
  bytes: Uint8Array,
  previews: DecodedImage['previews'],
): Promise<void> {
  // An import that was cut off may have stored it without a row: its removal may be scheduled.
  const cancelRemovals = () => cancelObjectRemovals(database, identity.workspaceId, objectKeys(key))
  await retry(cancelRemovals, { policy: RETRY_POLICIES.bulkBatch, signal, isRetryable: isTransientDbError })
  await Promise.all([
    store.put(key, bytes, { signal }),
    ...previews.map(preview => store.put(previewKey(key, preview.width), preview.bytes, { signal })),
  ])
}
