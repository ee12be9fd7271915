import type { Submission } from '@darkroom/contracts/generation'
import type { InputRole, ModelSpec } from '@darkroom/contracts/model'
import { isVerb, supportsVerb, type Verb } from '@darkroom/contracts/verbs'
import type { FieldError } from '../validation-error.ts'

/** Verbs that change an image, which is therefore among the inputs. */
const CHANGES: readonly Verb[] = ['edit', 'change-part', 'upscale', 'remove-background', 'animate']

/** Returns errors where a model cannot do what the verb of a submission asks for, or lacks an input for it. Unknown verbs ask for nothing. */
export function validateVerb(model: ModelSpec, { parent }: Submission, roles: readonly InputRole[]): FieldError[] {
  const verb = parent?.verb
  if (verb === undefined || !isVerb(verb)) return []
  if (!supportsVerb(model, verb)) {
    const message = `is ${verb}, which this model cannot do. It can ${model.operations.join(', ')}`
    return [{ path: 'parent.verb', message }]
  }
  const lacksImage = CHANGES.includes(verb) && roles.every(role => role === 'mask')
  const lacksMask = verb === 'change-part' && !roles.includes('mask')
  return [
    ...(lacksImage ? [{ path: 'referenceImages', message: `must have the image that is to be changed` }] : []),
    ...(lacksMask ? [{ path: 'referenceImages', message: `must have a mask of the part that is to be changed` }] : []),
  ]
}
