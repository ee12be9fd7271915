import { previewKey } from '@darkroom/contracts/previews'
import { type Transaction, transaction } from '@darkroom/infra/database/connection'
import { makePreviews, PictureError, REFERENCE_LIMITS } from '@darkroom/infra/images/image'
import { withDeadline } from '@darkroom/infra/runtime/timers'
import type { Store } from '@darkroom/infra/store/store'
import type { MoveDeps } from './migrate-row.ts'
import { type Due, forgetDue, putOffDue, takeDue } from './preview-rows.ts'

const [STORE_MS, MAKE_MS] = [60_000, 150_000]
/** How often one is tried whose picture the store does not give: hours, all in all. */
const MOST_FAILURES = 12
/** Of the pixels that are drawn, beside the picture's own bytes. */
const DRAWN_BYTES = 24 * 1024 * 1024

/**
 * Makes the previews of the reference that has waited for them the longest. What was moved out of rows is shown by its original
 * until then. None are made while pictures are being moved: that goes first.
 *
 * @returns whether there was one
 * @throws the signal's reason; what the database throws
 */
export async function makeNextPreviews(deps: MoveDeps): Promise<boolean> {
  return await transaction(
    deps.rows,
    async tx => {
      const due = await takeDue(tx, { milliseconds: MAKE_MS })
      if (!due) return false
      await settle(deps, tx, due)
      return true
    },
    { milliseconds: MAKE_MS },
  )
}

/** One that cannot be had now keeps nobody else waiting, and one that cannot be drawn is shown as it is for good. */
async function settle(deps: MoveDeps, tx: Transaction, due: Due): Promise<void> {
  try {
    await make(deps, due)
  } catch (err) {
    deps.signal.throwIfAborted()
    deps.log.warn({ err, key: due.key }, 'previews were not made')
    if (due.failures + 1 < MOST_FAILURES && !(err instanceof PictureError)) return await putOffDue(tx, due)
  }
  await forgetDue(tx, due)
}

async function make({ store, budget, signal }: MoveDeps, { key, bytes }: Due): Promise<void> {
  using _ = await budget.take(DRAWN_BYTES + bytes * 2, signal)
  const picture = await withDeadline(read(store, key), { milliseconds: STORE_MS, what: 'reading a picture', signal })
  const previews = await makePreviews(picture, REFERENCE_LIMITS)
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(STORE_MS)])
  await Promise.all(
    previews.map(preview => store.put(previewKey(key, preview.width), preview.bytes, { signal: deadline })),
  )
}

async function read(store: Store, key: string): Promise<Uint8Array> {
  const found = await store.get(key)
  if (!found) throw new Error('the picture is not in the store')
  return await new Response(found.body).bytes()
}
