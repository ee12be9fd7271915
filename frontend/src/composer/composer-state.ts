import { estimateSeconds } from '@darkroom/contracts/estimate'
import type { Generation, Submission } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import type { Reference } from '@darkroom/contracts/reference'
import { type Accessor, createEffect, createMemo } from 'solid-js'
import { createStore, unwrap } from 'solid-js/store'
import type { GenerationStore } from '../store/generation-store.ts'
import type { OutboxEntry, OutboxStore } from '../store/outbox-store.ts'
import type { QueuedSubmission } from '../store/submission-queue.ts'
import type { Clock } from '../ui/clock.ts'
import { formatEstimate, formatMoney, formatStaleSubmission } from '../ui/format.ts'
import { readStorage, writeStorage } from '../ui/local-storage.ts'
import { randomUuid } from '../ui/uuid.ts'
import { createAttachments } from './attachments.ts'
import {
  adaptToModel,
  createOptimisticGeneration,
  type Draft,
  EMPTY_DRAFT,
  parseDraft,
  resolveModel,
  toDraft,
  toSubmission,
} from './draft.ts'
import {
  awaitReferenceId,
  type PendingReference,
  placeholderReference,
  resumeReference,
  toStoredReferences,
} from './pending-reference.ts'

export interface ComposerStateOptions {
  store: GenerationStore
  outbox: OutboxStore
  models: Accessor<readonly Model[]>
  clock: Clock
}

const DRAFT_KEY = 'darkroom.draft'
const REFERENCES_KEY = 'darkroom.references'

/** What is being written: the draft with its references, kept in this browser until it is sent. */
export function createComposerState({ store, outbox, models, clock }: ComposerStateOptions) {
  const [draft, setDraft] = createStore<Draft>(parseDraft(readStorage(DRAFT_KEY)))
  const attachments = createAttachments(parseReferences(readStorage(REFERENCES_KEY)))
  const pendingByClientId = new Map<string, PendingReference[]>()
  const model = createMemo(() => resolveModel(draft, models()))
  const adaptedDraft = createMemo(() => adaptDraft(draft, model()))

  createEffect(() => writeStorage(DRAFT_KEY, JSON.stringify(draft)))
  createEffect(() => {
    const references = attachments.list.flatMap(attachment => attachment.reference ?? [])
    writeStorage(REFERENCES_KEY, JSON.stringify(references))
  })

  /** What generating will take and cost, as far as it is known. */
  const estimates = createMemo(() => {
    const selectedModel = model()
    if (!selectedModel) return []
    const { numOutputs } = adaptedDraft()
    const cost =
      selectedModel.cost && formatMoney({ ...selectedModel.cost, amount: selectedModel.cost.amount * numOutputs })
    return [formatEstimate(estimateSeconds(selectedModel, numOutputs)), ...(cost ? [cost] : [])]
  })

  /** How many characters the prompt has beyond what the model reads. */
  const excessCharacters = createMemo(() => Math.max(0, draft.prompt.length - (model()?.promptCharacters ?? Infinity)))
  const canSend = createMemo(() => model() !== undefined && draft.prompt.trim() !== '' && excessCharacters() === 0)

  /** Sends the draft and makes room for the next one; the settings stay. */
  function send() {
    const selectedModel = model()
    if (!selectedModel || !canSend()) return
    const submission = toSubmission(unwrap(draft), selectedModel, randomUuid())
    const pending = attachments.take(selectedModel.maxReferences)
    const generation = createOptimisticGeneration(
      submission,
      selectedModel,
      pending.map(placeholderReference),
      new Date(clock.now()).toISOString(),
    )
    setDraft('prompt', '')
    const references = pending.flatMap(toStoredReferences)
    void store.send(toQueuedSubmission({ generation, submission, references, problem: null }, pending))
  }

  /** Goes on with what was asked for on a page that was left before the studio had answered. */
  async function resumeOutbox() {
    for (const entry of await outbox.list()) {
      const pending = entry.references.map(resumeReference)
      const generation = { ...entry.generation, references: pending.map(placeholderReference) }
      const problem = entry.problem ?? formatStaleSubmission(generation, clock.now())
      void store.resume(toQueuedSubmission({ ...entry, generation, problem }, pending))
    }
  }

  function toQueuedSubmission(entry: OutboxEntry, pending: PendingReference[]): QueuedSubmission {
    const { clientId } = entry.generation
    pendingByClientId.set(clientId, pending)
    const onDone = () => {
      pendingByClientId.delete(clientId)
      attachments.release(pending)
    }
    return { entry, submission: () => attachReferenceIds(entry.submission, pending), onDone }
  }

  /** Makes the draft what would make a generation again, references included. */
  function reuse(generation: Generation) {
    setDraft({ ...EMPTY_DRAFT, ...toDraft(generation) })
    const pending = pendingByClientId.get(generation.clientId)
    attachments.clear()
    if (pending) attachments.putBack(pending)
    if (!pending) attachments.addReferences(generation.references)
  }

  function adaptDraft(wanted: Draft, selectedModel: Model | undefined): Draft {
    return selectedModel ? adaptToModel({ ...wanted }, selectedModel) : { ...wanted }
  }

  return {
    draft,
    setDraft,
    fitted: adaptedDraft,
    model,
    models,
    attachments,
    promise: estimates,
    surplus: excessCharacters,
    canSend,
    send,
    resume: resumeOutbox,
    reuse,
  }
}

async function attachReferenceIds(submission: Submission, pending: readonly PendingReference[]): Promise<Submission> {
  const referenceImages = await Promise.all(pending.map(awaitReferenceId))
  return referenceImages.length > 0 ? { ...submission, referenceImages } : submission
}

function parseReferences(text: string | null): Reference[] {
  try {
    const stored: unknown = JSON.parse(text ?? '[]')
    return Array.isArray(stored) ? stored.filter(isReference) : []
  } catch {
    return []
  }
}

function isReference(value: unknown): value is Reference {
  if (typeof value !== 'object' || value === null) return false
  return 'id' in value && typeof value.id === 'string' && 'previewUrl' in value && typeof value.previewUrl === 'string'
}
