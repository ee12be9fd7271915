import type { Transaction } from '@darkroom/infra/database/connection'
import type { ByteBudget } from '@darkroom/infra/runtime/byte-budget'
import pLimit from 'p-limit'
import { openRow, type Reading, type Slot } from './json-slots.ts'
import type { Moved } from './parameter-patch.ts'
import { decode, type Embedded, type KeepDeps, keepPicture, MOST_TEXT, UnmovableError } from './store-image.ts'

/** What a row had, and what of it is kept now. */
export interface KeptRow {
  slots: Slot[]
  moved: Moved[]
}

/** The row was written by somebody else while it was worked on. */
export class EditedError extends Error {
  override readonly name = 'EditedError'
}

type Work = KeepDeps & { tx: Transaction; budget: ByteBudget; id: string; signal: AbortSignal }

/** A picture's text comes in pieces, is put together and decoded; whatever the picture is, it is then drawn small, and sent. */
const MEMORY = { perCharacter: 8, perByte: 6, drawn: 2 * 1024 * 1024 }

/**
 * Keeps each picture of a row, several at once. None is read before there is memory for it, so that a row of any size is
 * never here as a whole. The first that cannot be kept ends it.
 *
 * @throws UnmovableError naming the picture; EditedError; what the store throws
 */
export async function keepRow(
  work: Work,
  head: { workspaceId: string },
  options: { dryRun: boolean; concurrency: number },
): Promise<KeptRow> {
  const failed = new AbortController()
  const signal = AbortSignal.any([work.signal, failed.signal])
  const limit = pLimit(options.concurrency)
  const keeping: Promise<void>[] = []
  const moved: Moved[] = []
  const { slots, next } = await openRow(work.tx, work.id, MOST_TEXT)
  requireReadable(slots)
  try {
    for (const slot of slots.filter(({ embedded }) => embedded)) {
      const share = await work.budget.take(MEMORY.drawn + slot.length * MEMORY.perCharacter, signal)
      const { bytes, prefix } = await read(next, slot).catch(err => {
        share[Symbol.dispose]()
        throw err
      })
      share.shrinkTo(MEMORY.drawn + bytes.byteLength * MEMORY.perByte)
      const onChecked = () => share.shrinkTo(bytes.byteLength * MEMORY.perByte)
      const keep = () => keepPicture(work, bytes, { ...head, dryRun: options.dryRun, signal, onChecked })
      const kept = limit(keep).then(row => void moved.push({ slot, row, prefix }))
      keeping.push(kept.catch(err => failed.abort(named(slot, err))).finally(() => share[Symbol.dispose]()))
    }
    await Promise.all(keeping)
    signal.throwIfAborted()
    return { slots, moved }
  } catch (err) {
    failed.abort()
    await Promise.all(keeping)
    throw err
  }
}

function requireReadable(slots: readonly Slot[]): void {
  for (const slot of slots) {
    if (slot.embedded && slot.length > MOST_TEXT) throw unmovable(slot, 'is larger than is taken')
    if (!slot.embedded && slot.length > 0 && slot.value === null)
      throw unmovable(slot, 'is neither a picture nor an address')
  }
}

/** @throws EditedError if what stands there is not what stood there; UnmovableError if it is not what it should be */
async function read(next: Reading['next'], slot: Slot): Promise<Embedded> {
  const piece = await next()
  if (piece?.field !== slot.field || piece.position !== slot.position) throw new EditedError()
  try {
    return decode(piece.text)
  } catch (err) {
    throw named(slot, err)
  }
}

function named(slot: Slot, err: unknown): unknown {
  return err instanceof UnmovableError ? unmovable(slot, err.message) : err
}

function unmovable({ field, position }: Pick<Slot, 'field' | 'position'>, message: string): UnmovableError {
  return new UnmovableError(`${field}${field === 'referenceImages' ? `.${position}` : ''} ${message}`)
}
