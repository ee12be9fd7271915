import { previewKey } from '@darkroom/contracts/routes'
import { type PictureLimits, readPicture } from '@darkroom/infra/picture'
import { readAll, safeGet } from '@darkroom/infra/safe-get'
import type { Store } from '@darkroom/infra/store'
import { explainKeep } from './keep-error.ts'
import type { KeptOutput } from './output-rows.ts'
import type { ProviderOutput } from './providers/provider.ts'

export interface KeepDeps {
  store: Store
  /** Origins on private addresses that outputs may come from. */
  allowOrigins: readonly string[]
}

/** Whose output it is. The attempt is part of its key. */
export interface Keep {
  workspaceId: string
  generationId: string
  attempt: number
}

const FETCH_MS = 120_000
const LIMITS: PictureLimits = { bytes: 100_000_000, pixels: 100_000_000 }

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
    return await fetchAndStore(deps, keep, output, signal)
  } catch (error) {
    signal.throwIfAborted()
    throw explainKeep(error)
  }
}

async function fetchAndStore(
  deps: KeepDeps,
  keep: Keep,
  output: ProviderOutput,
  signal: AbortSignal,
): Promise<KeptOutput> {
  const bytes = output.kind === 'bytes' ? output.bytes : await fetchOutput(deps, output, signal)
  const { previews, extension, ...picture } = await readPicture(bytes, LIMITS)
  // The attempt is in the key so that a worker that was shut out cannot write over the bytes of the one that took over.
  const key = `w/${keep.workspaceId}/gen/${keep.generationId}/${keep.attempt}/${output.index}.${extension}`
  await Promise.all([
    deps.store.put(key, bytes, { signal }),
    ...previews.map(preview => deps.store.put(previewKey(key, preview.width), preview.bytes, { signal })),
  ])
  const sha256 = new Bun.CryptoHasher('sha256').update(bytes).digest('hex')
  const duration = (output.kind === 'bytes' ? output.duration : undefined) ?? null
  return { ...picture, index: output.index, key, bytes: bytes.byteLength, sha256, duration }
}

async function fetchOutput(
  deps: KeepDeps,
  output: Extract<ProviderOutput, { kind: 'url' }>,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const response = await safeGet(output.url, {
    maxBytes: LIMITS.bytes,
    deadlineMs: FETCH_MS,
    signal,
    allowOrigins: deps.allowOrigins,
    ...(output.headers ? { headers: output.headers } : {}),
  })
  return await readAll(response, signal)
}
