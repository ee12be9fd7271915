import { Submission } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import { toChosenParameters, toSubmittedParameters } from '@darkroom/contracts/other-model/adapt-parameters'
import { canMake } from '@darkroom/contracts/other-model/nearest-model'
import type { DueGeneration } from './failover-rows.ts'

/**
 * Creates the submission that makes a generation with another model: its prompt, images and parent, and its settings as far as the model
 * has them.
 *
 * @returns undefined if the model cannot make it
 */
export function createFailoverSubmission(generation: DueGeneration, model: Model): Submission | undefined {
  const { id, prompt, parameters, parent, references } = generation
  const roles = references.map(({ role }) => role)
  if (!canMake(model, { kind: model.kind, prompt, roles, verb: parent?.verb })) return undefined
  return Submission.safeParse({
    prompt,
    model: model.id,
    parameters: toSubmittedParameters(toChosenParameters(parameters), model),
    insteadOf: id,
    ...(references.length > 0 && { referenceImages: references.map(reference => reference.id), referenceRoles: roles }),
    ...(parent && { parent }),
  }).data
}
