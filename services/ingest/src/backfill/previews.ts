import { previewKey } from '@darkroom/contracts/previews'
import type { Transaction } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import { REFERENCE_LIMITS } from '@darkroom/infra/images/check-image'
import { MediaError } from '@darkroom/infra/images/media-error'
import { withDeadline } from '@darkroom/infra/runtime/timers'
import type { Store } from '@darkroom/infra/store/store'
import { type DuePreview, deleteDuePreview, lockDuePreview, postponeDuePreview } from './preview-rows.ts'
import type { MigrateDeps } from './row-migration/migrate-row.ts'

const [STORE_TIMEOUT_MS, RENDER_TIMEOUT_MS] = [60_000, 150_000]
/** Tries to make the previews of an image that the store does not return: hours in all. */
const MAX_FAILURES = 12
/** Memory of the previews, beside the bytes of the image itself. */
const PREVIEW_BYTES = 1024 * 1024

export type PreviewDeps = Pick<MigrateDeps, 'rowPool' | 'store' | 'images' | 'budget' | 'log' | 'signal'>

/**
 * Makes the previews of the reference that has waited the longest. Migrated images are shown at full size until then. None are
 * made while a run moves images, which has priority.
 *
 * @returns whether a reference was due
 * @throws the signal's reason; what the database throws
 */
export async function makeNextPreviews(deps: PreviewDeps): Promise<boolean> {
  return await transaction(
    deps.rowPool,
    async tx => {
      const due = await lockDuePreview(tx, { milliseconds: RENDER_TIMEOUT_MS })
      if (!due) return false
      await processDuePreview(deps, tx, due)
      return true
    },
    { milliseconds: RENDER_TIMEOUT_MS },
  )
}

/**
 * Makes due previews. An image that cannot be read now is postponed, so that it does not delay the others. One that cannot be
 * decoded, or has failed too often, is given up and permanently shown at full size.
 */
async function processDuePreview(deps: PreviewDeps, tx: Transaction, due: DuePreview): Promise<void> {
  try {
    await renderAndStore(deps, due)
  } catch (err) {
    deps.signal.throwIfAborted()
    deps.log.warn({ err, reference: due.id, key: due.key, failures: due.failures + 1 }, 'preview_failed')
    if (due.failures + 1 < MAX_FAILURES && !(err instanceof MediaError)) return await postponeDuePreview(tx, due)
  }
  await deleteDuePreview(tx, due)
}

async function renderAndStore(
  { store, images, budget, signal }: PreviewDeps,
  { key, bytes }: DuePreview,
): Promise<void> {
  using _ = await budget.reserve(PREVIEW_BYTES + bytes * 2, signal)
  const image = await withDeadline(readObject(store, key), {
    milliseconds: STORE_TIMEOUT_MS,
    operation: `reading ${key}`,
    signal,
  })
  const previews = await images.makePreviews(image, REFERENCE_LIMITS, { signal, isBackground: true })
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(STORE_TIMEOUT_MS)])
  await Promise.all(
    previews.map(preview => store.put(previewKey(key, preview.width), preview.bytes, { signal: deadline })),
  )
}

async function readObject(store: Pick<Store, 'get'>, key: string): Promise<Uint8Array> {
  const found = await store.get(key)
  if (!found) throw new Error(`object ${key} is not in the store`)
  return await new Response(found.body).bytes()
}
