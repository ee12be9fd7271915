import { parseReferenceUrl } from '@darkroom/contracts/parameters'
import { mediaUrl } from '@darkroom/contracts/routes'
import type { ReferenceRow } from '../../references/reference-rows.ts'
import { toReferenceParameters } from '../../submit/generation-rows.ts'
import type { Slot } from './json-slots.ts'

/** A slot's picture, now kept. */
export interface MovedImage {
  slot: Slot
  row: ReferenceRow
  /** What stood before the base64. */
  prefix: string
}

export interface ParameterPatch {
  /** Keys that the full parameters no longer have. */
  remove: string[]
  /** What they have instead. */
  patch: Record<string, unknown>
  /** The addresses of the references, in the order in which they are shown. */
  referenceUrls: string[]
}

/**
 * What becomes of a row's parameters once its pictures are kept: each is replaced where it stood, and what was an address
 * already stays as it is.
 */
export function buildParameterPatch(slots: readonly Slot[], moved: readonly MovedImage[]): ParameterPatch {
  const single = moved.find(({ slot }) => slot.field === 'referenceImage')
  const hasUrl = slots.some(({ field, value }) => field === 'referenceImageUrl' && typeof value === 'string')
  const images = slots
    .filter(({ field }) => field === 'referenceImages')
    .toSorted((a, b) => a.position - b.position)
    .map(slot => findReferenceUrl(moved, slot) ?? slot.value)
  const patch = {
    ...(single && !hasUrl ? toSingleReference(single.row) : {}),
    ...(images.length > 0 ? { referenceImages: images } : {}),
  }
  return { remove: single ? ['referenceImage'] : [], patch, referenceUrls: listReferenceUrls(slots, moved, images) }
}

/** The first reference in full, as older systems name a single one. */
function toSingleReference(row: ReferenceRow): Record<string, unknown> {
  const { referenceImages: _, ...pointer } = toReferenceParameters([row])
  return pointer
}

/** The single reference first, unless it is in the list as well. */
function listReferenceUrls(slots: readonly Slot[], moved: readonly MovedImage[], images: readonly unknown[]): string[] {
  const findUrl = (wanted: Slot['field']) => {
    const slot = slots.find(({ field }) => field === wanted)
    return slot && parseReferenceUrl(findReferenceUrl(moved, slot) ?? slot.value)
  }
  const listed = images.map(parseReferenceUrl).filter(address => address !== undefined)
  const singles = new Set([findUrl('referenceImageUrl'), findUrl('referenceImage')])
  return [...[...singles].filter(address => address !== undefined && !listed.includes(address)), ...listed].filter(
    address => address !== undefined,
  )
}

function findReferenceUrl(moved: readonly MovedImage[], slot: Slot): string | undefined {
  const movedImage = moved.find(one => one.slot.field === slot.field && one.slot.position === slot.position)
  return movedImage && mediaUrl(movedImage.row.key)
}
