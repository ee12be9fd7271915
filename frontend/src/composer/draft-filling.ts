import type { Generation } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import { type Accessor, batch, createSignal } from 'solid-js'
import type { SetStoreFunction } from 'solid-js/store'
import type { Attachments } from './attachments/attachments.ts'
import { type Draft, EMPTY_DRAFT, toDraft } from './draft.ts'
import type { DraftParent } from './parent/draft-parent.ts'
import { findRole, type StartFrom, selectModelFor, toShownImage } from './parent/start-from.ts'
import type { PendingReference } from './pending-reference.ts'

export interface DraftFillingOptions {
  draft: Draft
  setDraft: SetStoreFunction<Draft>
  attachments: Attachments
  /** Returns the references of a submission that the studio has not answered. */
  findPending: (clientId: string) => PendingReference[] | undefined
  setParent: (parent: DraftParent | null, prompt?: string) => void
  model: Accessor<Model | undefined>
  models: Accessor<readonly Model[]>
}

/** Creates the ways to fill the draft from what was made before. */
export function createDraftFilling(options: DraftFillingOptions) {
  const { draft, setDraft, attachments, findPending, setParent, model, models } = options
  const [reused, setReused] = createSignal<Pick<Generation, 'prompt' | 'parameters'>>()

  /** Changes the given fields of the draft; settings are added to those that are chosen. */
  function changeDraft({ settings, ...changes }: Partial<Draft>) {
    setDraft({ ...changes, settings: { ...draft.settings, ...settings } })
  }

  /** Fills the draft with a generation's prompt, settings, references and parent. */
  function reuse(generation: Generation) {
    setReused(generation)
    setDraft({ ...EMPTY_DRAFT, ...toDraft(generation) })
    const pending = findPending(generation.clientId)
    attachments.clear()
    if (pending) attachments.restorePending(pending)
    if (!pending) attachments.addReferences(generation.references)
    setParent(generation.parent)
  }

  /**
   * Starts a draft that goes on from an output: selects a model that can, attaches the output in the best role that the model has,
   * and names the output as the parent of the next submission. As a further reference the output is added to the others;
   * otherwise it replaces them.
   *
   * @returns the model; undefined if none can, and then nothing has changed
   */
  function startFrom(start: StartFrom): Model | undefined {
    const { generation, output, verb, roles = ['reference'], prompt } = start
    const able = selectModelFor(start, models(), model())
    if (!able) return undefined
    const image = toShownImage(output)
    const role = findRole(able, roles) ?? null
    batch(() => {
      setDraft({ model: able.id, ...(prompt !== undefined && { prompt }) })
      if (verb !== 'reference') attachments.clear()
      if (image && roles.length > 0) attachments.addShownImage(image, role === 'reference' ? null : role)
      setParent({ generationId: generation.id, outputIndex: output.index, verb }, generation.prompt)
    })
    return able
  }

  return {
    ...{ changeDraft, reuse, startFrom },
    /** The generation whose settings were used last: its seed is offered again. */
    reused,
  }
}
