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

/** What a row had, and what of it is kept now. */
export interface StoredRow {
  slots: Slot[]
  moved: MovedImage[]
}

/** The row was written by somebody else while it was worked on. */
export class ConcurrentEditError extends Error {
  override readonly name = 'ConcurrentEditError'
}

type RowContext = StoreImageDeps & { tx: Transaction; budget: ByteBudget; id: string; signal: AbortSignal }

/** A picture's text comes in pieces, is put together and decoded; whatever the picture is, it is then drawn small, and sent. */
const MEMORY_COST = { perCharacter: 8, perByte: 6, decoded: 2 * 1024 * 1024 }

/**
 * Keeps each picture of a row, several at once. None is read before there is memory for it, so that a row of any size is
 * never here as a whole. The first that cannot be kept ends it.
 *
 * @throws UnmovableError naming the picture; EditedError; what the store throws
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
  const { slots, next } = await openSlotReader(context.tx, context.id, MAX_TEXT_BYTES)
  assertReadable(slots)
  try {
    for (const slot of slots.filter(({ embedded }) => embedded)) {
      const reservation = await context.budget.reserve(
        MEMORY_COST.decoded + slot.length * MEMORY_COST.perCharacter,
        signal,
      )
      const { bytes, prefix } = await readEmbeddedImage(next, slot).catch(err => {
        reservation[Symbol.dispose]()
        throw err
      })
      reservation.shrinkTo(MEMORY_COST.decoded + bytes.byteLength * MEMORY_COST.perByte)
      const onValidated = () => reservation.shrinkTo(bytes.byteLength * MEMORY_COST.perByte)
      const storeSlot = () => storeImage(context, bytes, { ...row, dryRun: options.dryRun, signal, onValidated })
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

function assertReadable(slots: readonly Slot[]): void {
  for (const slot of slots) {
    if (slot.embedded && slot.length > MAX_TEXT_BYTES) throw createInvalidImageError(slot, 'is larger than is taken')
    if (!slot.embedded && slot.length > 0 && slot.value === null)
      throw createInvalidImageError(slot, 'is neither a picture nor an address')
  }
}

/** @throws EditedError if what stands there is not what stood there; UnmovableError if it is not what it should be */
async function readEmbeddedImage(next: SlotReader['next'], slot: Slot): Promise<EmbeddedImage> {
  const embedded = await next()
  if (embedded?.field !== slot.field || embedded.position !== slot.position) throw new ConcurrentEditError()
  try {
    return decodeEmbeddedImage(embedded.text)
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
