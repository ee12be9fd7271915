import { previewKey } from '@darkroom/contracts/previews'
import { readMedia } from '@darkroom/infra/images/media'
import type { Body, Store } from '@darkroom/infra/store/store'
import type { ProviderOutput } from '../providers/provider.ts'
import { type ReceiveDeps, type Received, type ReceiveLimits, receive } from './download.ts'
import type { KeptOutput } from './output-rows.ts'
import { explainKeep } from './store-output-error.ts'

export interface KeepDeps extends Omit<ReceiveDeps, 'limits'> {
  store: Store
  /** How much is fetched and kept, and for how long; the usual unless said. */
  limits?: ReceiveLimits
}

/** Whose output it is. The attempt is part of its key. */
export interface Keep {
  workspaceId: string
  generationId: string
  attempt: number | string
}

const LIMITS: ReceiveLimits = {
  fetchMs: 300_000,
  stallMs: 30_000,
  bufferedBytes: 8_000_000,
  picture: { bytes: 100_000_000, pixels: 100_000_000 },
  videoBytes: 500_000_000,
}

/**
 * Fetches one output, makes sure that it is whole, and puts it into our own store with its previews. It tries once; only what
 * the store is asked is asked again, by the store.
 *
 * @returns what goes into the output's row; nothing is written there
 * @throws KeepError, which says whether it may be had later; the signal's reason
 */
export async function keepOutput(
  deps: KeepDeps,
  keep: Keep,
  output: ProviderOutput,
  signal: AbortSignal,
): Promise<KeptOutput> {
  try {
    await using received = await receive({ limits: LIMITS, ...deps }, output, signal)
    return await store(deps, keep, output, received, signal)
  } catch (error) {
    signal.throwIfAborted()
    throw explainKeep(error)
  }
}

async function store(
  deps: KeepDeps,
  keep: Keep,
  output: ProviderOutput,
  { body, bytes, sha256 }: Received,
  signal: AbortSignal,
): Promise<KeptOutput> {
  const { previews, extension, ...media } = await readMedia(body, deps.limits ?? LIMITS)
  // The attempt is in the key so that a worker that was shut out cannot write over the bytes of the one that took over.
  const key = `w/${keep.workspaceId}/gen/${keep.generationId}/${keep.attempt}/${output.index}.${extension}`
  const beside = previews.map(preview => [previewKey(key, preview.width), preview.bytes] as const)
  await putAll(deps.store, [[key, body], ...beside], signal)
  const said = output.kind === 'bytes' ? output.duration : undefined
  return { ...media, duration: media.duration ?? said ?? null, index: output.index, key, bytes, sha256 }
}

/** Puts all of them, or ends with the first failure, and then none of them goes on. */
async function putAll(store: Store, objects: (readonly [string, Body])[], signal: AbortSignal): Promise<void> {
  const failed = new AbortController()
  const within = AbortSignal.any([signal, failed.signal])
  const fail = (error: unknown) => failed.abort(error)
  await Promise.all(objects.map(([key, body]) => store.put(key, body, { signal: within }).catch(fail)))
  failed.signal.throwIfAborted()
}
