import type { PublicError } from '@darkroom/contracts/output'
import { previewKey } from '@darkroom/contracts/routes'
import { backoff, sleep } from '@darkroom/infra/deadline'
import type { Log } from '@darkroom/infra/log'
import { type PictureLimits, readPicture } from '@darkroom/infra/picture'
import { readAll, SafeGetError, safeGet } from '@darkroom/infra/safe-get'
import { type Store, StoreError } from '@darkroom/infra/store'
import type { Job } from './job.ts'
import { type Lease, LeaseLostError } from './lease.ts'
import { type KeptOutput, markNotStored, markStored } from './output-rows.ts'
import type { ProviderOutput } from './providers/provider.ts'

export interface UploadDeps {
  store: Store
  log: Log
  /** Origins on private addresses that outputs may come from. */
  allowOrigins: readonly string[]
}

const TRIES = 3
const FETCH_MS = 120_000
const LIMITS: PictureLimits = { bytes: 100_000_000, pixels: 100_000_000 }
const HOPELESS: readonly SafeGetError['code'][] = [
  'bad-url',
  'bad-scheme',
  'bad-port',
  'userinfo',
  'blocked-address',
  'too-large',
]
const NOT_STORED: PublicError = { code: 'not_stored', message: 'It was made, but could not be stored.' }

/**
 * Brings one output into our own store, with its previews, and says so in its row. One that cannot be brought keeps its
 * provider's address and becomes temporary; the others stand.
 *
 * @throws LeaseLostError, or the lease's reason for aborting; nothing else
 */
export async function upload(deps: UploadDeps, job: Job, lease: Lease, output: ProviderOutput): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      const kept = await keep(deps, job, lease.signal, output)
      return await lease.write(tx => markStored(tx, job, kept))
    } catch (err) {
      if (lease.signal.aborted || err instanceof LeaseLostError) throw err
      deps.log.warn({ err, id: job.id, index: output.index, tries }, 'output not stored')
      if (tries === TRIES || isHopeless(err))
        return await lease.write(tx => markNotStored(tx, job, output.index, NOT_STORED))
      await sleep(backoff(tries, { base: 250, most: 5_000 }), lease.signal)
    }
  }
}

async function keep(deps: UploadDeps, job: Job, signal: AbortSignal, output: ProviderOutput): Promise<KeptOutput> {
  const bytes = output.kind === 'bytes' ? output.bytes : await fetchOutput(deps, output, signal)
  const { previews, extension, ...picture } = await readPicture(bytes, LIMITS)
  // The attempt is in the key so that a worker that was shut out cannot write over the bytes of the one that took over.
  const key = `w/${job.workspaceId}/gen/${job.id}/${job.attempt}/${output.index}.${extension}`
  await Promise.all([
    deps.store.put(key, bytes, { signal }),
    ...previews.map(preview => deps.store.put(previewKey(key, preview.width), preview.bytes, { signal })),
  ])
  const sha256 = new Bun.CryptoHasher('sha256').update(bytes).digest('hex')
  const duration = (output.kind === 'bytes' ? output.duration : undefined) ?? null
  return { ...picture, index: output.index, key, bytes: bytes.byteLength, sha256, duration }
}

/** What will not get better in a few seconds; the store has tried again by itself before it says so. */
function isHopeless(error: unknown): boolean {
  return error instanceof StoreError || (error instanceof SafeGetError && HOPELESS.includes(error.code))
}

async function fetchOutput(
  deps: UploadDeps,
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
