import type { Generation } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import type { GenerationStore } from '../store/generation-store.ts'
import { copyText } from '../ui/clipboard.ts'
import type { Notices } from '../ui/notices.ts'
import type { ComposerPanel, ComposerState } from './composer-state.ts'

export interface ReuseActionsOptions {
  composer: ComposerState
  store: Pick<GenerationStore, 'discard'>
  notify: Notices['notify']
  focusPrompt: () => void
}

/** The part of a draft that a user wants to change. */
type DraftPart = 'edit-prompt' | 'edit-settings' | 'edit-references' | 'other-model'

const PANEL_OF_PART: Record<DraftPart, ComposerPanel> = {
  'edit-prompt': null,
  'edit-references': null,
  'edit-settings': 'settings',
  'other-model': 'models',
}

/** Creates the actions that take something of a generation over: its prompt, its settings or an output. */
export function createReuseActions({ composer, store, notify, focusPrompt }: ReuseActionsOptions) {
  /** Copies a generation's prompt to the clipboard. */
  async function copyPrompt({ prompt }: Generation) {
    const isCopied = await copyText(prompt)
    notify(isCopied ? 'Prompt copied.' : 'The prompt could not be copied: this browser does not allow it.')
  }

  /** Writes a prompt into the composer and focuses it. */
  function fillPrompt(prompt: string) {
    composer.setDraft('prompt', prompt)
    focusPrompt()
  }

  /** Fills the composer with a generation's prompt, settings and references. */
  function reuse(generation: Generation) {
    composer.reuse(generation)
    const selectedModel = composer.model()
    const isOtherModel = selectedModel !== undefined && selectedModel.id !== generation.model
    if (isOtherModel) void offerNearest(generation, selectedModel)
    focusPrompt()
  }

  /** Says that the model of a generation is gone, and offers the most similar one where that is not selected already. */
  async function offerNearest(generation: Generation, selected: Model) {
    const { findNearestModel } = await import('./offer-nearest.ts')
    const nearest = findNearestModel(generation, composer.models())
    const use = () => composer.setDraft('model', nearest?.id ?? null)
    const action = nearest && nearest.id !== selected.id ? { label: `Use ${nearest.name}`, run: use } : null
    notify(`${generation.model} is not available here: using ${selected.name}.`, action)
  }

  /** Takes a generation over, and opens what is to be changed about it. */
  function change(generation: Generation, part: DraftPart) {
    reuse(generation)
    composer.setPanel(PANEL_OF_PART[part])
  }

  /** Moves a generation that was never sent back into the composer. */
  function edit(key: string, generation: Generation) {
    reuse(generation)
    store.discard(key)
  }

  /** Attaches an output to the draft as a reference. */
  function useAsReference({ url, previewUrl }: { url: string; previewUrl: string | null }) {
    const isAdded = composer.attachments.addShownImage({ url, previewUrl: previewUrl ?? url })
    if (isAdded) notify('Added as a reference.')
  }

  return { copyPrompt, fillPrompt, reuse, change, edit, useAsReference }
}
