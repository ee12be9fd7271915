import { previewKey } from '@darkroom/contracts/previews'
import { OUTPUT_LIMITS } from '@darkroom/infra/images/check-image'
import type { ImageDecoder } from '@darkroom/infra/images/decoder/image-decoder'
import { readMedia } from '@darkroom/infra/images/media'
import { toDuration } from '@darkroom/infra/images/video/byte-source'
import type { Body, Store } from '@darkroom/infra/store/store'
import {
  type DownloadableOutput,
  type DownloadDeps,
  type DownloadedOutput,
  type DownloadLimits,
  downloadOutput,
} from './download.ts'
import type { StoredOutput } from './output-rows.ts'
import { makePoster, type PosterDeps } from './poster.ts'
import { toStoreOutputError } from './store-output-error.ts'

export interface StoreOutputDeps
  extends Omit<DownloadDeps, 'limits'>,
    Pick<PosterDeps, 'frames' | 'findFirstFrame' | 'log'> {
  store: Pick<Store, 'put'>
  images: Pick<ImageDecoder, 'read'>
  /** Whether no user waits for it. False unless given. */
  isBackground?: boolean
  /** `DEFAULT_LIMITS` unless given. */
  limits?: DownloadLimits
}

/** The generation and attempt that an output belongs to. The attempt is part of its key. */
export interface OutputTarget {
  workspaceId: string
  generationId: string
  attempt: number | string
}

const DEFAULT_LIMITS: DownloadLimits = {
  deadlineMs: 300_000,
  idleTimeoutMs: 30_000,
  maxBufferedBytes: 8_000_000,
  image: OUTPUT_LIMITS,
  videoBytes: 500_000_000,
}

/**
 * Downloads one output, verifies that it is whole, and puts it into the store with its previews; those of a video are of its poster.
 * Only the requests to the store are retried, by the store itself.
 *
 * @returns the metadata for the output's row, which is not written here
 * @throws StoreOutputError with the class of the failure
 * @throws the signal's reason once it is aborted
 */
export async function storeOutput(
  deps: StoreOutputDeps,
  target: OutputTarget,
  output: DownloadableOutput,
  signal: AbortSignal,
): Promise<StoredOutput> {
  try {
    await using downloaded = await downloadOutput({ limits: DEFAULT_LIMITS, ...deps }, output, signal)
    return await putOutput(deps, target, output, downloaded, signal)
  } catch (error) {
    signal.throwIfAborted()
    throw toStoreOutputError(error)
  }
}

async function putOutput(
  deps: StoreOutputDeps,
  target: OutputTarget,
  output: DownloadableOutput,
  { body, bytes, sha256 }: DownloadedOutput,
  signal: AbortSignal,
): Promise<StoredOutput> {
  const { images, limits = DEFAULT_LIMITS, isBackground } = deps
  const options = { signal, client: target.workspaceId, isBackground }
  const { extension, container, ...media } = await readMedia(images, body, limits, options)
  const poster = container ? await makePoster(deps, { ...target, output, body, container }, options) : undefined
  const { previews, placeholder } = poster ?? media
  // The attempt is in the key: a fenced-off worker cannot overwrite the object of the next one.
  const key = `w/${target.workspaceId}/gen/${target.generationId}/${target.attempt}/${output.index}.${extension}`
  const previewObjects = previews.map(preview => [previewKey(key, preview.width), preview.bytes] as const)
  await putAll(deps.store, [[key, body], ...previewObjects], signal)
  const { kind, width, height, mimeType } = media
  const duration = media.duration ?? toDuration(output.kind === 'bytes' ? output.duration : null)
  return { index: output.index, kind, key, width, height, bytes, mimeType, placeholder, sha256, duration }
}

/** Puts all objects in parallel. @throws the first error, after aborting the other puts */
async function putAll(
  store: Pick<Store, 'put'>,
  objects: (readonly [string, Body])[],
  signal: AbortSignal,
): Promise<void> {
  const failed = new AbortController()
  const putSignal = AbortSignal.any([signal, failed.signal])
  const onError = (error: unknown) => failed.abort(error)
  await Promise.all(objects.map(([key, body]) => store.put(key, body, { signal: putSignal }).catch(onError)))
  failed.signal.throwIfAborted()
}
