import { parseReferenceUrl } from '@darkroom/contracts/parameters'
import { mediaUrl } from '@darkroom/contracts/routes'
import { toReferenceParameters } from '../../references/reference-parameters.ts'
import type { ReferenceRow } from '../../references/reference-rows.ts'
import type { Slot } from './json-slots.ts'

/** The image of a slot, with its row of `reference_images`. */
export interface MovedImage {
  slot: Slot
  row: ReferenceRow
  /** Text before the base64. */
  prefix: string
}

/** A change of a row's parameters. */
export interface ParameterPatch {
  /** Keys to remove from the full parameters. */
  remove: string[]
  /** Keys to set, with their values. */
  patch: Record<string, unknown>
  /** URLs of the references, in the order in which they are shown. */
  referenceUrls: string[]
}

/**
 * Builds the change of a row's parameters once its images are stored: each image is replaced with a pointer in its position, and
 * existing URLs stay as they are.
 */
export function buildParameterPatch(slots: readonly Slot[], moved: readonly MovedImage[]): ParameterPatch {
  const [image, url] = (['referenceImage', 'referenceImageUrl'] as const).map(name =>
    moved.find(({ slot }) => slot.field === name),
  )
  const hasUrl = slots.some(({ field, value }) => field === 'referenceImageUrl' && typeof value === 'string')
  // Both may embed an image, and another one each.
  const isSecond = image !== undefined && url !== undefined && image.row.key !== url.row.key
  const single = url ?? (hasUrl ? undefined : image)
  const images = slots
    .filter(({ field }) => field === 'referenceImages')
    .toSorted((a, b) => a.position - b.position)
    .map(slot => findReferenceUrl(moved, slot) ?? slot.value)
  const patch = {
    ...(single ? toSingleReference(single.row) : {}),
    ...(isSecond ? { referenceImage: mediaUrl(image.row.key) } : {}),
    ...(images.length > 0 ? { referenceImages: images } : {}),
  }
  return { remove: image ? ['referenceImage'] : [], patch, referenceUrls: listReferenceUrls(slots, moved, images) }
}

/** Returns the pointer to a single reference, with the keys that older systems use. */
function toSingleReference(row: ReferenceRow): Record<string, unknown> {
  const { referenceImages: _, ...pointer } = toReferenceParameters([row])
  return pointer
}

/** Lists the single reference first, unless the list has it too, then the list. */
function listReferenceUrls(slots: readonly Slot[], moved: readonly MovedImage[], images: readonly unknown[]): string[] {
  const findUrl = (name: Slot['field']) => {
    const slot = slots.find(({ field }) => field === name)
    return slot && parseReferenceUrl(findReferenceUrl(moved, slot) ?? slot.value)
  }
  const listed = images.map(parseReferenceUrl).filter(url => url !== undefined)
  const singles = new Set([findUrl('referenceImageUrl'), findUrl('referenceImage')])
  return [...[...singles].filter(url => url !== undefined && !listed.includes(url)), ...listed].filter(
    url => url !== undefined,
  )
}

function findReferenceUrl(moved: readonly MovedImage[], slot: Slot): string | undefined {
  const movedImage = moved.find(image => image.slot.field === slot.field && image.slot.position === slot.position)
  return movedImage && mediaUrl(movedImage.row.key)
}
