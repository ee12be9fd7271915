import type { InputRole, Model } from '@darkroom/contracts/model'
import { type Accessor, createMemo } from 'solid-js'
import type { Attachment } from './attachments/attachment.ts'
import { assignRoles, describeMissing } from './attachments/reference-roles.ts'
import { adaptToModel, type Draft, resolveModel, toPixelSize } from './draft.ts'
import { type DraftReferences, formatEstimates } from './estimates.ts'

export interface DerivedDraftOptions {
  draft: Draft
  attachments: readonly Attachment[]
  models: Accessor<readonly Model[]>
}

/** Creates what follows from the draft, its references and the models: the roles, the estimates, whether it can be sent. */
export function createDerivedDraft({ draft, attachments, models }: DerivedDraftOptions) {
  const model = createMemo(() => resolveModel(draft, models()))
  /** The draft within the limits of the selected model. */
  const adaptedDraft = createMemo(() => adaptDraft(draft, model()))
  /** Roles of the attachments in their order; null for each that is not sent. */
  const roles = createMemo(() => assignDraftRoles(attachments, model()))
  /** The references that are sent. */
  const references = createMemo(() => countReferences(attachments, roles()))
  /** Estimated time and cost. */
  const estimates = createMemo(() => {
    const selected = model()
    return selected ? formatEstimates(adaptedDraft(), selected, references()) : []
  })
  /** Number of characters beyond the limit of the model. */
  const excessCharacters = createMemo(() => Math.max(0, draft.prompt.length - (model()?.promptCharacters ?? Infinity)))
  /** Sentences about the images that the model needs, and that are missing. */
  const missingReferences = createMemo(() => {
    const selected = model()
    return selected ? describeMissing(attachments, selected) : []
  })
  const isComplete = createMemo(
    () => draft.prompt.trim() !== '' && excessCharacters() === 0 && missingReferences().length === 0,
  )
  const canSend = createMemo(() => model() !== undefined && isComplete())
  return { model, adaptedDraft, roles, references, estimates, excessCharacters, missingReferences, canSend }
}

function adaptDraft(draft: Draft, model: Model | undefined): Draft {
  return model ? adaptToModel({ ...draft }, model) : { ...draft }
}

function assignDraftRoles(list: readonly Attachment[], model: Model | undefined): (InputRole | null)[] {
  return model ? assignRoles(list, model) : list.map(() => null)
}

/** Counts the references that are sent, which a mask is not. */
function countReferences(list: readonly Attachment[], roles: readonly (InputRole | null)[]): DraftReferences {
  const sent = list.filter((_, index) => roles[index] != null && roles[index] !== 'mask')
  return { count: sent.length, firstSize: toPixelSize(sent[0]?.reference) ?? sent[0]?.size ?? undefined }
}
