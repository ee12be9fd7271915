import type { Generation } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import type { Output } from '@darkroom/contracts/output'
import type { Verb } from '@darkroom/contracts/verbs'
import type { ComposerState } from '../composer/composer-state.ts'
import { VERB_ROLES } from './model-choice.ts'

/** An output from which the composer goes on. */
export interface ComposerStart {
  generation: Generation
  output: Output
  verb: Verb
  /** Prompt to begin with. Without one, what is written in the composer stays. */
  prompt?: string
  /** Model to select; undefined: the selected one stays if it can. */
  model?: Model
}

export interface ComposerStartOptions {
  composer: Pick<ComposerState, 'setDraft' | 'startFrom'>
  focusPrompt: () => void
  closeLightbox: () => void
}

/** Creates the start of a draft that goes on from an output: the composer has it, and the prompt has the focus. */
export function createComposerStart({ composer, focusPrompt, closeLightbox }: ComposerStartOptions) {
  return function startComposer({ model, ...start }: ComposerStart) {
    closeLightbox()
    if (model) composer.setDraft('model', model.id)
    composer.startFrom({ ...start, roles: VERB_ROLES[start.verb] })
    focusPrompt()
  }
}
