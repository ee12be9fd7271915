import { referenceUrl } from '@darkroom/contracts/parameters'
import { mediaUrl } from '@darkroom/contracts/routes'
import type { ReferenceRow } from '../references/reference-rows.ts'
import { pointersTo } from '../submit/generation-rows.ts'
import type { Slot } from './json-slots.ts'

/** A slot's picture, now kept. */
export interface Moved {
  slot: Slot
  row: ReferenceRow
  /** What stood before the base64. */
  prefix: string
}

export interface Rewriting {
  /** Keys that the full parameters no longer have. */
  remove: string[]
  /** What they have instead. */
  patch: Record<string, unknown>
  /** The addresses of the references, in the order in which they are shown. */
  shown: string[]
}

/**
 * What becomes of a row's parameters once its pictures are kept: each is replaced where it stood, and what was an address
 * already stays as it is.
 */
export function rewriting(slots: readonly Slot[], moved: readonly Moved[]): Rewriting {
  const single = moved.find(({ slot }) => slot.field === 'referenceImage')
  const pointed = slots.some(({ field, value }) => field === 'referenceImageUrl' && typeof value === 'string')
  const images = slots
    .filter(({ field }) => field === 'referenceImages')
    .toSorted((a, b) => a.position - b.position)
    .map(slot => addressOf(moved, slot) ?? slot.value)
  const patch = {
    ...(single && !pointed ? singlePointer(single.row) : {}),
    ...(images.length > 0 ? { referenceImages: images } : {}),
  }
  return { remove: single ? ['referenceImage'] : [], patch, shown: shownOf(slots, moved, images) }
}

/** The first reference in full, as older systems name a single one. */
function singlePointer(row: ReferenceRow): Record<string, unknown> {
  const { referenceImages: _, ...pointer } = pointersTo([row])
  return pointer
}

/** The single reference first, unless it is in the list as well. */
function shownOf(slots: readonly Slot[], moved: readonly Moved[], images: readonly unknown[]): string[] {
  const of = (wanted: Slot['field']) => {
    const slot = slots.find(({ field }) => field === wanted)
    return slot && referenceUrl(addressOf(moved, slot) ?? slot.value)
  }
  const listed = images.map(referenceUrl).filter(address => address !== undefined)
  const singles = new Set([of('referenceImageUrl'), of('referenceImage')])
  return [...[...singles].filter(address => address !== undefined && !listed.includes(address)), ...listed].filter(
    address => address !== undefined,
  )
}

function addressOf(moved: readonly Moved[], slot: Slot): string | undefined {
  const kept = moved.find(one => one.slot.field === slot.field && one.slot.position === slot.position)
  return kept && mediaUrl(kept.row.key)
}
