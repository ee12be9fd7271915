import type { Model } from '@darkroom/contracts/model'
import { type Accessor, createSignal } from 'solid-js'
import { type SetStoreFunction, unwrap } from 'solid-js/store'
import type { GenerationStore } from '../store/generation-store.ts'
import type { OutboxStore } from '../store/outbox-store.ts'
import type { Clock } from '../ui/clock.ts'
import { randomUuid } from '../ui/uuid.ts'
import { createAttachments } from './attachments/attachments.ts'
import { createDerivedDraft } from './derived-draft.ts'
import { type Draft, toSubmission } from './draft.ts'
import { createDraftFilling } from './draft-filling.ts'
import { createEarlySend } from './early-send.ts'
import { createMissingModelNotice } from './missing-model-notice.ts'
import { createOrigins } from './origin/origins.ts'
import { createDraftParent, toSubmittedParent } from './parent/draft-parent.ts'
import { createPersistedDraft, persistReferences, readStoredReferences } from './persisted-draft.ts'
import { createSubmissionSender } from './submission-sender.ts'

export interface ComposerStateOptions {
  store: Pick<GenerationStore, 'send' | 'resume'>
  outbox: Pick<OutboxStore, 'list'>
  models: Accessor<readonly Model[]>
  /** Undefined until the models are known. */
  hasModels: Accessor<boolean | undefined>
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
export function createComposerState(options: ComposerStateOptions) {
  const { store, outbox, models, hasModels, clock, notify, onUnavailable } = options
  const { draft, setDraft } = createPersistedDraft()
  const { parent, setParent, clearWithoutImage } = createDraftParent()
  const attachments = createAttachments({
    initial: readStoredReferences(),
    onUnavailable,
    onDuplicate: () => notify('This picture is attached already.'),
    onUploaded: (key, reference) => void origins.find(key, reference),
  })
  persistReferences(attachments.list)
  const sender = createSubmissionSender({ store, outbox, attachments, clock })
  const [panel, setPanel] = createSignal<ComposerPanel>(null)
  const derived = createDerivedDraft({ draft, attachments: attachments.list, models })
  const { model, roles, canSend } = derived
  createMissingModelNotice({ wanted: () => draft.model, models, fallback: model, notify })

  const filling = createDraftFilling({
    draft,
    setDraft,
    attachments,
    findPending: sender.findPending,
    setParent,
    model,
    models,
  })
  const origins = createOrigins({ models, model, ...filling, removeAttachment, notify })

  const waitForModels = createEarlySend({ prompt: () => draft.prompt, hasModels, send: () => send() })

  /** Sends the draft and clears the prompt, the parent and the references that were sent. The settings stay. */
  function send() {
    const selectedModel = model()
    if (!selectedModel) return waitForModels()
    if (!canSend()) return
    const from = parent()
    const submission = toSubmission(unwrap(draft), selectedModel, randomUuid())
    setDraft('prompt', '')
    setParent(null)
    sender.send(from ? { ...submission, parent: toSubmittedParent(from) } : submission, selectedModel, roles())
  }

  /** Opens a part of the composer in place of the one that is open, or closes it. */
  function togglePanel(name: Exclude<ComposerPanel, null>) {
    setPanel(open => (open === name ? null : name))
  }

  /** Removes an attachment, and with the last one the parent that is made from it. */
  function removeAttachment(key: string) {
    attachments.remove(key)
    if (attachments.list.length === 0) clearWithoutImage()
  }

  return {
    ...{ draft, setDraft, attachments, removeAttachment, models, ...derived },
    ...{ parent, setParent, origins, ...filling },
    ...{ panel, setPanel, togglePanel },
    ...{ send, resumeOutbox: sender.resumeOutbox },
  }
}
