import type { Generation } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import { canMake, isUsable, orderByLikeness, toWantedWork } from '@darkroom/contracts/other-model/nearest-model'

/** Returns the model that is most similar to that of a generation, which is gone, of those that can make it; undefined if none can. */
export function findNearestModel(generation: Generation, models: readonly Model[]): Model | undefined {
  const wanted = toWantedWork(generation)
  const able = models.filter(model => isUsable(model) && canMake(model, wanted))
  return orderByLikeness(able, { id: generation.model })[0]
}
