import type { Transaction } from '@darkroom/infra/database/connection'
import type { ByteBudget } from '@darkroom/infra/runtime/byte-budget'
import pLimit from 'p-limit'
import { openSlotReader, type Slot, type SlotReader } from './json-slots.ts'
import type { MovedImage } from './parameter-patch.ts'
import {
  decodeEmbeddedImage,
  type EmbeddedImage,
  InvalidImageError,
  MAX_TEXT_BYTES,
  type StoreImageDeps,
  storeImage,
} from './store-image.ts'

/** The slots of a row, and its images that are in the store now. */
export interface StoredRow {
  slots: Slot[]
  moved: MovedImage[]
}

/** The row was written by another transaction while it was migrated. */
export class ConcurrentEditError extends Error {
  override readonly name = 'ConcurrentEditError'
}

type RowContext = StoreImageDeps & { tx: Transaction; budget: ByteBudget; id: string; signal: AbortSignal }

/**
 * Peak memory of an image in this process, in bytes: its text arrives in chunks, is joined and decoded; then the image is sent to a
 * decoder, whose memory is counted apart, and to the store.
 */
const MEMORY_COST = { perCharacter: 5, perByte: 3 }

/**
 * Stores the images of a row, several at once. An image is read only once there is memory for it: a row of any size is never in
 * memory as a whole. The first failure ends it.
 *
 * @throws InvalidImageError naming the image; ConcurrentEditError; what the store throws
 */
export async function storeRowImages(
  context: RowContext,
  row: { workspaceId: string },
  options: { dryRun: boolean; concurrency: number },
): Promise<StoredRow> {
  const failed = new AbortController()
  const signal = AbortSignal.any([context.signal, failed.signal])
  const limit = pLimit(options.concurrency)
  const tasks: Promise<void>[] = []
  const moved: MovedImage[] = []
  const slots: Slot[] = []
  const reader = openSlotReader(context.tx, context.id, MAX_TEXT_BYTES)
  try {
    for await (const slot of reader.slots) {
      assertReadable(slot)
      slots.push(slot)
      if (!slot.isEmbedded) continue
      const reservation = await context.budget.reserve(slot.length * MEMORY_COST.perCharacter, signal)
      const { bytes, prefix } = await readEmbeddedImage(reader, slot).catch(err => {
        reservation[Symbol.dispose]()
        throw err
      })
      reservation.shrinkTo(bytes.byteLength * MEMORY_COST.perByte)
      const storeSlot = () => storeImage(context, bytes, { ...row, dryRun: options.dryRun, signal })
      const stored = limit(storeSlot).then(row => void moved.push({ slot, row, prefix }))
      tasks.push(stored.catch(err => failed.abort(addSlotName(slot, err))).finally(() => reservation[Symbol.dispose]()))
    }
    await Promise.all(tasks)
    signal.throwIfAborted()
    return { slots, moved }
  } catch (err) {
    failed.abort()
    await Promise.all(tasks)
    throw err
  }
}

function assertReadable(slot: Slot): void {
  if (slot.isEmbedded && slot.length > MAX_TEXT_BYTES) throw createInvalidImageError(slot, 'is larger than is taken')
  if (!slot.isEmbedded && slot.length > 0 && slot.value === null)
    throw createInvalidImageError(slot, 'is neither a picture nor an address')
}

/** @throws ConcurrentEditError if the reader returns no text; InvalidImageError if the text is no valid data URL */
async function readEmbeddedImage({ readText }: SlotReader, slot: Slot): Promise<EmbeddedImage> {
  const text = await readText()
  if (text === undefined) throw new ConcurrentEditError()
  try {
    return decodeEmbeddedImage(text)
  } catch (err) {
    throw addSlotName(slot, err)
  }
}

function addSlotName(slot: Slot, err: unknown): unknown {
  return err instanceof InvalidImageError ? createInvalidImageError(slot, err.message) : err
}

function createInvalidImageError(
  { field, position }: Pick<Slot, 'field' | 'position'>,
  message: string,
): InvalidImageError {
  return new InvalidImageError(`${field}${field === 'referenceImages' ? `.${position}` : ''} ${message}`)
}
