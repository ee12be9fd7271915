import type { Generation } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import { countInputs } from '@darkroom/contracts/model-fields'
import { type Accessor, createMemo, createSignal } from 'solid-js'
import { type SetStoreFunction, unwrap } from 'solid-js/store'
import type { GenerationStore } from '../store/generation-store.ts'
import type { OutboxStore } from '../store/outbox-store.ts'
import type { Clock } from '../ui/clock.ts'
import { randomUuid } from '../ui/uuid.ts'
import { type Attachment, isSendable } from './attachments/attachment.ts'
import { createAttachments } from './attachments/attachments.ts'
import { adaptToModel, type Draft, EMPTY_DRAFT, resolveModel, toDraft, toPixelSize, toSubmission } from './draft.ts'
import { type DraftReferences, formatEstimates } from './estimates.ts'
import { createMissingModelNotice } from './missing-model-notice.ts'
import { createPersistedDraft, persistReferences, readStoredReferences } from './persisted-draft.ts'
import { createSubmissionSender } from './submission-sender.ts'

export interface ComposerStateOptions {
  store: Pick<GenerationStore, 'send' | 'resume'>
  outbox: Pick<OutboxStore, 'list'>
  models: Accessor<readonly Model[]>
  clock: Pick<Clock, 'now'>
  notify: (message: string) => void
  /** Called when the studio could not take the upload of a reference. */
  onUnavailable: () => void
}

/** The part of the composer that is open: one at a time. */
export type ComposerPanel = 'models' | 'size' | 'settings' | null

export type ComposerState = ReturnType<typeof createComposerState>
/** Changes a field of the draft: `setDraft('seed', 7)`. */
export type SetDraft = SetStoreFunction<Draft>

/** Creates the composer's state: the draft with its references, stored in this browser until it is sent. */
export function createComposerState({ store, outbox, models, clock, notify, onUnavailable }: ComposerStateOptions) {
  const { draft, setDraft } = createPersistedDraft()
  const attachments = createAttachments(readStoredReferences(), onUnavailable)
  persistReferences(attachments.list)
  const sender = createSubmissionSender({ store, outbox, attachments, clock })

  const [panel, setPanel] = createSignal<ComposerPanel>(null)

  const model = createMemo(() => resolveModel(draft, models()))
  /** The draft within the limits of the selected model. */
  const adaptedDraft = createMemo(() => adaptDraft(draft, model()))
  /** The references that the selected model takes, and their number beyond that. */
  const references = createMemo(() => countReferences(attachments.list, model()))
  /** Estimated time and cost. */
  const estimates = createMemo(() => {
    const selected = model()
    return selected ? formatEstimates(adaptedDraft(), selected, references()) : []
  })
  /** Number of characters beyond the limit of the model. */
  const excessCharacters = createMemo(() => Math.max(0, draft.prompt.length - (model()?.promptCharacters ?? Infinity)))
  /** Number of references that the model needs, and that are missing. */
  const missingReferences = createMemo(() => Math.max(0, countNeededReferences(model()) - references().count))
  const isComplete = createMemo(
    () => draft.prompt.trim() !== '' && excessCharacters() === 0 && missingReferences() === 0,
  )
  const canSend = createMemo(() => model() !== undefined && isComplete())
  createMissingModelNotice({ wanted: () => draft.model, models, fallback: model, notify })

  /** Sends the draft and clears the prompt and the references that were sent. The settings stay. */
  function send() {
    const selectedModel = model()
    if (!selectedModel || !canSend()) return
    const submission = toSubmission(unwrap(draft), selectedModel, randomUuid())
    setDraft('prompt', '')
    sender.send(submission, selectedModel)
  }

  /** Opens a part of the composer in place of the one that is open, or closes it. */
  function togglePanel(name: Exclude<ComposerPanel, null>) {
    setPanel(open => (open === name ? null : name))
  }

  /** Fills the draft with a generation's prompt, settings and references. */
  function reuse(generation: Generation) {
    setDraft({ ...EMPTY_DRAFT, ...toDraft(generation) })
    const pending = sender.findPending(generation.clientId)
    attachments.clear()
    if (pending) attachments.restorePending(pending)
    if (!pending) attachments.addReferences(generation.references)
  }

  return {
    ...{ draft, setDraft, adaptedDraft },
    ...{ model, models, attachments, references, estimates },
    ...{ excessCharacters, missingReferences, canSend },
    ...{ panel, setPanel, togglePanel },
    ...{ send, reuse, resumeOutbox: sender.resumeOutbox },
  }
}

function adaptDraft(draft: Draft, model: Model | undefined): Draft {
  return model ? adaptToModel({ ...draft }, model) : { ...draft }
}

/** Counts the references that a model takes of those attached. Failed ones that cannot be sent again are left out. */
function countReferences(list: readonly Attachment[], model: Model | undefined): DraftReferences {
  const usable = list.filter(isSendable).slice(0, model ? countInputs(model, 'reference') : 0)
  return { count: usable.length, firstSize: toPixelSize(usable[0]?.reference) ?? usable[0]?.size ?? undefined }
}

function countNeededReferences(model: Model | undefined): number {
  return model?.inputs.find(({ role }) => role === 'reference')?.min ?? 0
}
