import type { Generation } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import type { Output } from '@darkroom/contracts/output'
import { VERBS, type Verb } from '@darkroom/contracts/verbs'
import { isVisible } from '../lightbox/is-visible.ts'
import { estimateChildMicros, toPixels } from './child-submission.ts'
import { canDo, fitsResult, getScaleFactor, orderModels } from './model-choice.ts'

export interface VerbContext {
  models: readonly Model[]
  /** Ids of the user's favourite models, in their order. */
  favourites: ReadonlySet<string>
}

/** A verb that can be done with an output, and the model that does it unless another one is chosen. */
export interface OfferedVerb {
  verb: Verb
  model: Model
}

/** Verbs that are sent as they are: the prompt must fit the model. */
const IMMEDIATE_VERBS: readonly Verb[] = ['vary', 'upscale', 'remove-background']

/**
 * Lists the verbs that a connected model can do with an output, each with the best model for it, and an upscale with one for each
 * factor. A video has none but `again`,
 * which needs the generation's own model.
 */
export function listVerbs(generation: Generation, output: Output, context: VerbContext): OfferedVerb[] {
  return VERBS.flatMap(verb =>
    selectOffered(verb, listVerbModels(verb, generation, output, context)).map(model => ({ verb, model })),
  )
}

/** Returns the best model of those for a verb; of an upscale, the best one for each factor. */
function selectOffered(verb: Verb, models: readonly Model[]): Model[] {
  if (verb !== 'upscale') return models.slice(0, 1)
  const factors = models.map(getScaleFactor)
  return models.filter((_, index) => factors.indexOf(factors[index] ?? null) === index)
}

/** Lists the models that can do a verb with an output, the best first. */
export function listVerbModels(
  verb: Verb,
  generation: Generation,
  output: Output,
  { models, favourites }: VerbContext,
): Model[] {
  if (verb === 'again') return models.filter(({ id }) => id === generation.model)
  if (output.kind !== 'image' || !isVisible(output)) return []
  const pixels = toPixels(output)
  const able = models.filter(
    model => canDo(model, verb) && fitsPrompt(model, verb, generation) && fitsResult(model, pixels),
  )
  const priceOf = (model: Model) => estimateChildMicros({ generation, output, verb, model })
  return orderModels(able, generation.model, favourites, priceOf)
}

function fitsPrompt({ promptCharacters }: Model, verb: Verb, { prompt }: Generation): boolean {
  return !IMMEDIATE_VERBS.includes(verb) || prompt.length <= promptCharacters
}
