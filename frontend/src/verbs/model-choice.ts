import type { InputRole, Model } from '@darkroom/contracts/model'
import { countInputs } from '@darkroom/contracts/model-fields'
import { isUsable } from '@darkroom/contracts/other-model/nearest-model'
import { type PixelSize, resolveSize } from '@darkroom/contracts/size'
import { supportsVerb, VERB_OPERATIONS, type Verb } from '@darkroom/contracts/verbs'

/** Roles in which each verb gives an output to a model, the best first. */
export const VERB_ROLES: Readonly<Record<Verb, readonly InputRole[]>> = {
  again: [],
  vary: ['source', 'reference'],
  reference: ['reference'],
  edit: ['source', 'reference'],
  'change-part': ['source', 'reference'],
  upscale: ['source', 'reference'],
  'remove-background': ['source', 'reference'],
  animate: ['first-frame', 'source', 'reference'],
}

/** Returns the role in which a model takes an output for a verb; undefined if it takes none. */
export function findRole(model: Pick<Model, 'inputs'>, verb: Verb): InputRole | undefined {
  return VERB_ROLES[verb].find(role => countInputs(model, role) > 0)
}

/** Returns whether a model can do a verb with an image, and its connection works. */
export function canDo(model: Model, verb: Verb): boolean {
  if (!isUsable(model)) return false
  if (model.kind !== (verb === 'animate' ? 'video' : 'image')) return false
  const role = findRole(model, verb)
  return role !== undefined && hasOperation(model, verb) && !needsMore(model, verb, role)
}

/** Returns whether the result of a model that enlarges an image is as large as it may be. Of an unknown size, the studio says so. */
export function fitsResult({ sizes }: Pick<Model, 'sizes'>, pixels: PixelSize | undefined): boolean {
  return sizes.kind !== 'scale' || resolveSize(sizes, { aspectRatio: '1:1', resolution: 'auto' }, pixels) !== undefined
}

/** Returns the factor by which a model enlarges every image; null if it has none such. */
export function getScaleFactor({ sizes }: Pick<Model, 'sizes'>): number | null {
  return sizes.kind === 'scale' ? sizes.factor : null
}

/**
 * Orders the models for a verb: the one that made the generation, then the favourites in their order, then by price. A price that is
 * not known comes last.
 */
export function orderModels(
  models: readonly Model[],
  ownId: string,
  favourites: ReadonlySet<string>,
  priceOf: (model: Model) => number | null,
): Model[] {
  const order = [...favourites]
  const rank = ({ id }: Model) => {
    if (id === ownId) return -1
    return order.includes(id) ? order.indexOf(id) : order.length
  }
  const price = new Map(models.map(model => [model.id, priceOf(model) ?? Number.MAX_SAFE_INTEGER]))
  return models.toSorted((a, b) => rank(a) - rank(b) || (price.get(a.id) ?? 0) - (price.get(b.id) ?? 0))
}

function hasOperation(model: Model, verb: Verb): boolean {
  if (verb === 'change-part') return model.operations.includes('inpaint') && model.mask !== 'none'
  // A model without variations of its own makes them by changing the image, or from a reference.
  return verb === 'vary' ? supportsVerb(model, verb) : model.operations.includes(VERB_OPERATIONS[verb])
}

/** Returns whether a model needs images that the verb does not give it. */
function needsMore({ inputs }: Model, verb: Verb, role: InputRole): boolean {
  const given = (input: InputRole) => (input === role || (input === 'mask' && verb === 'change-part') ? 1 : 0)
  return inputs.some(input => input.min > given(input.role))
}
