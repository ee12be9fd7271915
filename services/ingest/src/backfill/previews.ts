import { previewKey } from '@darkroom/contracts/previews'
import { type Transaction, transaction } from '@darkroom/infra/database/connection'
import { REFERENCE_LIMITS } from '@darkroom/infra/images/check-image'
import { MediaError } from '@darkroom/infra/images/media-error'
import { makePreviews } from '@darkroom/infra/images/previews'
import { withDeadline } from '@darkroom/infra/runtime/timers'
import type { Store } from '@darkroom/infra/store/store'
import { type DuePreview, deleteDuePreview, lockDuePreview, postponeDuePreview } from './preview-rows.ts'
import type { MigrateDeps } from './row-migration/migrate-row.ts'

const [STORE_TIMEOUT_MS, RENDER_TIMEOUT_MS] = [60_000, 150_000]
/** How often one is tried whose picture the store does not give: hours, all in all. */
const MAX_FAILURES = 12
/** Of the pixels that are drawn, beside the picture's own bytes. */
const DECODED_BYTES = 24 * 1024 * 1024

/**
 * Makes the previews of the reference that has waited for them the longest. What was moved out of rows is shown by its original
 * until then. None are made while pictures are being moved: that goes first.
 *
 * @returns whether there was one
 * @throws the signal's reason; what the database throws
 */
export async function makeNextPreviews(deps: MigrateDeps): Promise<boolean> {
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

/** One that cannot be had now keeps nobody else waiting, and one that cannot be drawn is shown as it is for good. */
async function processDuePreview(deps: MigrateDeps, tx: Transaction, due: DuePreview): Promise<void> {
  try {
    await renderAndStore(deps, due)
  } catch (err) {
    deps.signal.throwIfAborted()
    deps.log.warn({ err, key: due.key }, 'previews were not made')
    if (due.failures + 1 < MAX_FAILURES && !(err instanceof MediaError)) return await postponeDuePreview(tx, due)
  }
  await deleteDuePreview(tx, due)
}

async function renderAndStore({ store, budget, signal }: MigrateDeps, { key, bytes }: DuePreview): Promise<void> {
  using _ = await budget.reserve(DECODED_BYTES + bytes * 2, signal)
  const image = await withDeadline(readObject(store, key), {
    milliseconds: STORE_TIMEOUT_MS,
    operation: 'reading a picture',
    signal,
  })
  const previews = await makePreviews(image, REFERENCE_LIMITS)
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(STORE_TIMEOUT_MS)])
  await Promise.all(
    previews.map(preview => store.put(previewKey(key, preview.width), preview.bytes, { signal: deadline })),
  )
}

async function readObject(store: Store, key: string): Promise<Uint8Array> {
  const found = await store.get(key)
  if (!found) throw new Error('the picture is not in the store')
  return await new Response(found.body).bytes()
}
