import { estimateSeconds } from '@darkroom/contracts/estimate'
import type { Generation, Submission } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import type { Reference } from '@darkroom/contracts/reference'
import { type Accessor, createEffect, createMemo } from 'solid-js'
import { createStore, unwrap } from 'solid-js/store'
import type { Library } from '../store/generation-store.ts'
import type { Unsent, UnsentOrders } from '../store/outbox-store.ts'
import type { Order } from '../store/submission-queue.ts'
import type { Clock } from '../ui/clock.ts'
import { estimate, money, neverSent } from '../ui/format.ts'
import { recall, remember } from '../ui/local-storage.ts'
import { uuid } from '../ui/uuid.ts'
import { createAttachments } from './attachments.ts'
import { adapt, type Draft, draftOf, EMPTY_DRAFT, expected, modelOf, parseDraft, submissionOf } from './draft.ts'
import { appearance, idOf, keptOf, type Taken, takeKept } from './pending-reference.ts'

export interface ComposingOptions {
  library: Library
  unsent: UnsentOrders
  models: Accessor<readonly Model[]>
  clock: Clock
}

const DRAFT = 'darkroom.draft'
const REFERENCES = 'darkroom.references'

/** What is being written: the draft with its references, kept in this browser until it is sent. */
export function createComposing({ library, unsent, models, clock }: ComposingOptions) {
  const [draft, setDraft] = createStore<Draft>(parseDraft(recall(DRAFT)))
  const attachments = createAttachments(parseReferences(recall(REFERENCES)))
  const sent = new Map<string, Taken[]>()
  const model = createMemo(() => modelOf(draft, models()))
  const fitted = createMemo(() => adaptTo(draft, model()))

  createEffect(() => remember(DRAFT, JSON.stringify(draft)))
  createEffect(() => {
    const references = attachments.list.flatMap(attachment => attachment.reference ?? [])
    remember(REFERENCES, JSON.stringify(references))
  })

  /** What generating will take and cost, as far as it is known. */
  const promise = createMemo(() => {
    const chosen = model()
    if (!chosen) return []
    const { numOutputs } = fitted()
    const cost = chosen.cost && money({ ...chosen.cost, amount: chosen.cost.amount * numOutputs })
    return [estimate(estimateSeconds(chosen, numOutputs)), ...(cost ? [cost] : [])]
  })

  /** How many characters the prompt has beyond what the model reads. */
  const surplus = createMemo(() => Math.max(0, draft.prompt.length - (model()?.promptCharacters ?? Infinity)))
  const canSend = createMemo(() => model() !== undefined && draft.prompt.trim() !== '' && surplus() === 0)

  /** Sends the draft and makes room for the next one; the settings stay. */
  function send() {
    const chosen = model()
    if (!chosen || !canSend()) return
    const submission = submissionOf(unwrap(draft), chosen, uuid())
    const taken = attachments.take(chosen.maxReferences)
    const generation = expected(submission, chosen, taken.map(appearance), new Date(clock.now()).toISOString())
    setDraft('prompt', '')
    const references = taken.flatMap(keptOf)
    void library.send(orderOf({ generation, submission, references, problem: null }, taken))
  }

  /** Goes on with what was asked for on a page that was left before the studio had answered. */
  async function resume() {
    for (const kept of await unsent.all()) {
      const taken = kept.references.map(takeKept)
      const generation = { ...kept.generation, references: taken.map(appearance) }
      const problem = kept.problem ?? neverSent(generation, clock.now())
      void library.resume(orderOf({ ...kept, generation, problem }, taken))
    }
  }

  function orderOf(kept: Unsent, taken: Taken[]): Order {
    const { clientId } = kept.generation
    sent.set(clientId, taken)
    const onDone = () => {
      sent.delete(clientId)
      attachments.release(taken)
    }
    return { unsent: kept, submission: () => withReferences(kept.submission, taken), onDone }
  }

  /** Makes the draft what would make a generation again, references included. */
  function reuse(generation: Generation) {
    setDraft({ ...EMPTY_DRAFT, ...draftOf(generation) })
    const taken = sent.get(generation.clientId)
    attachments.clear()
    if (taken) attachments.putBack(taken)
    if (!taken) attachments.addReferences(generation.references)
  }

  function adaptTo(wanted: Draft, chosen: Model | undefined): Draft {
    return chosen ? adapt({ ...wanted }, chosen) : { ...wanted }
  }

  return { draft, setDraft, fitted, model, models, attachments, promise, surplus, canSend, send, resume, reuse }
}

async function withReferences(submission: Submission, taken: readonly Taken[]): Promise<Submission> {
  const referenceImages = await Promise.all(taken.map(idOf))
  return referenceImages.length > 0 ? { ...submission, referenceImages } : submission
}

function parseReferences(text: string | null): Reference[] {
  try {
    const kept: unknown = JSON.parse(text ?? '[]')
    return Array.isArray(kept) ? kept.filter(isReference) : []
  } catch {
    return []
  }
}

function isReference(value: unknown): value is Reference {
  if (typeof value !== 'object' || value === null) return false
  return 'id' in value && typeof value.id === 'string' && 'previewUrl' in value && typeof value.previewUrl === 'string'
}
