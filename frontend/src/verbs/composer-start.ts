import type { Generation } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import type { Output } from '@darkroom/contracts/output'
import type { Verb } from '@darkroom/contracts/verbs'
import type { ComposerState } from '../composer/composer-state.ts'
import type { NoticeAction } from '../ui/notices.ts'
import { VERB_ROLES } from './model-choice.ts'

/** An output from which the composer goes on. */
export interface ComposerStart {
  generation: Generation
  output: Output
  verb: Verb
  /** Prompt to begin with, in place of what is written and attached. Without one, both stay. */
  prompt?: string
  /** Model to select; undefined: the selected one stays if it can. */
  model?: Model
}

export interface ComposerStartOptions {
  composer: Pick<ComposerState, 'draft' | 'setDraft' | 'parent' | 'setParent' | 'startFrom'> & {
    attachments: Pick<ComposerState['attachments'], 'list' | 'clear' | 'takePending' | 'restorePending'>
  }
  focusPrompt: () => void
  closeLightbox: () => void
  notify: (message: string, action?: NoticeAction) => void
}

/** Creates the start of a draft that goes on from an output: the composer has it, and the prompt has the focus. */
export function createComposerStart({ composer, focusPrompt, closeLightbox, notify }: ComposerStartOptions) {
  /** Takes the references out of the draft, whose uploads go on, and returns what puts it back as it is now. */
  function replaceDraft(): () => void {
    const { model, prompt } = composer.draft
    const parent = composer.parent()
    const { attachments } = composer
    const references = attachments.takePending(attachments.list.map(({ role }) => role ?? 'reference'))
    return () => {
      attachments.clear()
      attachments.restorePending(references)
      composer.setDraft({ model, prompt })
      composer.setParent(parent, parent?.prompt)
    }
  }

  return function startComposer({ model, ...start }: ComposerStart) {
    closeLightbox()
    const hasDraft = composer.draft.prompt.trim() !== '' || composer.attachments.list.length > 0
    const putBack = start.prompt !== undefined && hasDraft ? replaceDraft() : undefined
    if (model) composer.setDraft('model', model.id)
    const isStarted = composer.startFrom({ ...start, roles: VERB_ROLES[start.verb] }) !== undefined
    if (!isStarted) putBack?.()
    focusPrompt()
    if (isStarted && putBack) notify('Your draft was replaced.', { label: 'Undo', run: putBack })
  }
}
