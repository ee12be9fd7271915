import type { Kind } from '@darkroom/contracts/enums'
import { LIMITS } from '@darkroom/contracts/limits'
import type { InputRole, ModelInput } from '@darkroom/contracts/model'
import type { InputField } from './input-schema.ts'

/** An input for images, and the role of the images that it takes. */
export interface ImageInput {
  role: InputRole
  field: InputField
  max: number
}

const MASK = /^(?:mask|mask_image|image_mask|inpaint_mask)$/
const FIRST_FRAME = /^(?:first_frame|first_frame_image|start_image|start_frame|image_start)$/
const LAST_FRAME = /^(?:last_frame|last_frame_image|last_image|end_image|end_frame|image_end|tail_image)$/
const STYLE = /^style_(?:reference_)?images?$|^style_reference$/
const IMAGE =
  /^(?:images?|input_images?|image_inputs?|image_prompt|input_image_\d|img|reference_images?|subject_images?)$/
/** Most images of a list whose schema names no limit. */
const DEFAULT_LIST = 4
const TYPES = ['image/png', 'image/jpeg', 'image/webp']
/** Limits that are in the words of a description: `Maximum 8 images`, `supports up to 14 images`, `1-3 reference images`. */
const WRITTEN_LIMIT = /(?:up to|maximum(?: of)?|max\.?|at most|\b1-)\s*(\d{1,2})\b(?!\s*(?:MP|MB|mega))/i

/**
 * Finds the inputs of a model that take images, and their roles by their names. An input of a video model whose name is that of any image is
 * its first frame, unless it has one of that name.
 *
 * @param isChange whether the model changes its image by itself: to enlarge it, or remove its background
 */
export function findImageInputs(
  fields: readonly InputField[],
  { kind, isChange, hasMask }: { kind: Kind; isChange: boolean; hasMask: boolean },
): ImageInput[] {
  const files = fields.filter(({ type }) => type === 'file' || type === 'files')
  const hasFirstFrame = files.some(({ name }) => FIRST_FRAME.test(name))
  return files.flatMap(field => {
    const role = findRole(field.name, { kind, isChange, hasFirstFrame })
    if (role === undefined || (role === 'mask' && !hasMask)) return []
    return [{ role, field, max: field.type === 'file' ? 1 : findLimit(field) }]
  })
}

/** Lists the images that a model takes, by role. A mask is required where an image is: without it the model would do nothing. */
export function listModelInputs(inputs: readonly ImageInput[]): ModelInput[] {
  const isFilling = isFillingModel(inputs)
  return [...Map.groupBy(inputs, ({ role }) => role)].map(([role, ofRole]) => ({
    role,
    min: ofRole.some(({ field }) => field.isRequired) || (role === 'mask' && isFilling) ? 1 : 0,
    max: Math.min(
      LIMITS.references,
      ofRole.reduce((sum, { max }) => sum + max, 0),
    ),
    maxBytes: null,
    types: TYPES,
    needsPublicUrl: false,
  }))
}

/** Returns whether a model does nothing but fill a part of an image. */
export function isFillingModel(inputs: readonly ImageInput[]): boolean {
  return (
    inputs.some(({ role }) => role === 'mask') &&
    inputs.some(({ role, field }) => role === 'reference' && field.isRequired)
  )
}

function findRole(
  name: string,
  { kind, isChange, hasFirstFrame }: { kind: Kind; isChange: boolean; hasFirstFrame: boolean },
): InputRole | undefined {
  if (MASK.test(name)) return 'mask'
  if (FIRST_FRAME.test(name)) return 'first-frame'
  if (LAST_FRAME.test(name)) return 'last-frame'
  if (STYLE.test(name)) return 'style'
  if (!IMAGE.test(name)) return undefined
  if (isChange) return 'source'
  if (kind === 'image' || /reference|subject/.test(name)) return 'reference'
  return hasFirstFrame ? undefined : 'first-frame'
}

function findLimit({ maxItems, description }: InputField): number {
  const written = Number(WRITTEN_LIMIT.exec(description)?.[1] ?? 0)
  const limit = maxItems ?? (written > 0 ? written : DEFAULT_LIST)
  return Math.min(LIMITS.references, Math.max(1, limit))
}
