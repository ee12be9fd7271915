import { estimateSeconds } from '@darkroom/contracts/estimate'
import type { Generation } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import { type Accessor, createMemo } from 'solid-js'
import { type SetStoreFunction, unwrap } from 'solid-js/store'
import type { GenerationStore } from '../store/generation-store.ts'
import type { OutboxStore } from '../store/outbox-store.ts'
import type { Clock } from '../ui/clock.ts'
import { formatEstimate, formatMoney } from '../ui/format.ts'
import { randomUuid } from '../ui/uuid.ts'
import { createAttachments } from './attachments/attachments.ts'
import { adaptToModel, type Draft, EMPTY_DRAFT, resolveModel, toDraft, toSubmission } from './draft.ts'
import { createPersistedDraft, persistReferences, readStoredReferences } from './persisted-draft.ts'
import { createSubmissionSender } from './submission-sender.ts'

export interface ComposerStateOptions {
  store: Pick<GenerationStore, 'send' | 'resume'>
  outbox: Pick<OutboxStore, 'list'>
  models: Accessor<readonly Model[]>
  clock: Pick<Clock, 'now'>
  /** Called when the studio could not take the upload of a reference. */
  onUnavailable: () => void
}

export type ComposerState = ReturnType<typeof createComposerState>
/** Changes a field of the draft: `setDraft('seed', 7)`. */
export type SetDraft = SetStoreFunction<Draft>

/** Creates the composer's state: the draft with its references, stored in this browser until it is sent. */
export function createComposerState({ store, outbox, models, clock, onUnavailable }: ComposerStateOptions) {
  const { draft, setDraft } = createPersistedDraft()
  const attachments = createAttachments(readStoredReferences(), onUnavailable)
  persistReferences(attachments.list)
  const sender = createSubmissionSender({ store, outbox, attachments, clock })

  const model = createMemo(() => resolveModel(draft, models()))
  /** The draft within the limits of the selected model. */
  const adaptedDraft = createMemo(() => adaptDraft(draft, model()))
  /** Estimated time and cost, as far as they are known. */
  const estimates = createMemo(() => formatEstimates(model(), adaptedDraft().numOutputs))
  /** Number of characters beyond the limit of the model. */
  const excessCharacters = createMemo(() => Math.max(0, draft.prompt.length - (model()?.promptCharacters ?? Infinity)))
  const canSend = createMemo(() => model() !== undefined && draft.prompt.trim() !== '' && excessCharacters() === 0)

  /** Sends the draft and clears the prompt and the references that were sent. The settings stay. */
  function send() {
    const selectedModel = model()
    if (!selectedModel || !canSend()) return
    const submission = toSubmission(unwrap(draft), selectedModel, randomUuid())
    setDraft('prompt', '')
    sender.send(submission, selectedModel)
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
    ...{ model, models, attachments, estimates, excessCharacters, canSend },
    ...{ send, reuse, resumeOutbox: sender.resumeOutbox },
  }
}

function adaptDraft(draft: Draft, model: Model | undefined): Draft {
  return model ? adaptToModel({ ...draft }, model) : { ...draft }
}

/** Returns the estimated time and the cost for a number of outputs, as far as they are known. */
function formatEstimates(model: Model | undefined, numOutputs: number): string[] {
  if (!model) return []
  const cost = model.cost && formatMoney({ ...model.cost, amount: model.cost.amount * numOutputs })
  return [formatEstimate(estimateSeconds(model, numOutputs)), ...(cost ? [cost] : [])]
}
