import type { Generation } from '@darkroom/contracts/generation'
import type { InputRole, Model } from '@darkroom/contracts/model'
import { countInputs } from '@darkroom/contracts/model-fields'
import type { Output } from '@darkroom/contracts/output'
import { VERB_OPERATIONS, type Verb } from '@darkroom/contracts/verbs'
import type { ShownImage } from '../attachments/reference-source.ts'

/** The start of a draft that goes on from an output. */
export interface StartFrom {
  generation: Generation
  output: Output
  verb: Verb
  /** Roles of the output, the best first: it gets the first one that the model has. A reference unless given; not attached if empty. */
  roles?: readonly InputRole[]
  /** Prompt of the draft. Without one, what is written in the composer stays. */
  prompt?: string
}

/** States of a connection with which a model cannot be used. */
const BROKEN_STATES = ['wrong-key', 'no-permission', 'no-credit', 'unreachable', 'failing', 'not-served']

/** Returns whether a model can do a verb with an image in one of the roles; without roles, with the prompt alone. */
function canStartWith(model: Model, verb: Verb, roles: readonly InputRole[] = ['reference']): boolean {
  return (
    model.operations.includes(VERB_OPERATIONS[verb]) && (roles.length === 0 || findRole(model, roles) !== undefined)
  )
}

/**
 * Selects the model that goes on from an output: the selected one if it can, else the one that made the output, else the first
 * that can, preferably one whose connection works. Undefined if none can.
 */
export function selectModelFor(
  { generation, verb, roles }: Pick<StartFrom, 'generation' | 'verb' | 'roles'>,
  models: readonly Model[],
  selected: Model | undefined,
): Model | undefined {
  const able = models.filter(model => canStartWith(model, verb, roles))
  const usable = able.filter(({ connectionState = 'ok' }) => !BROKEN_STATES.includes(connectionState))
  const find = (id: string | undefined) => usable.find(model => model.id === id)
  return find(selected?.id) ?? find(generation.model) ?? usable[0] ?? able[0]
}

/** Returns the first of some roles that a model has. */
export function findRole(model: Model, roles: readonly InputRole[] = ['reference']): InputRole | undefined {
  return roles.find(role => countInputs(model, role) > 0)
}

/** Returns an output as an image that can be attached; undefined if it has none. */
export function toShownImage({ url, previewUrl }: Output): ShownImage | undefined {
  return url === null ? undefined : { url, previewUrl: previewUrl ?? url }
}
