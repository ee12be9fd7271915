import type { Submission } from '@darkroom/contracts/generation'
import { isVerb, type Verb } from '@darkroom/contracts/verbs'
import { createEffect, createSignal } from 'solid-js'
import { readStorage, writeStorage } from '../../ui/local-storage.ts'

/** The output that the next generation goes on from, and how. */
export interface DraftParent {
  generationId: string
  outputIndex: number
  verb: Verb | (string & {})
}

/** A parent with the prompt of its generation; empty where that is not known. */
export interface NamedParent extends DraftParent {
  prompt: string
}

const PARENT_KEY = 'darkroom.draft-parent'

/** Verbs whose generation is not made from the pixels of its parent: it goes on without the image. */
const VERBS_WITHOUT_IMAGE: readonly string[] = ['again', 'vary']

/** Creates the parent of the draft, which is stored in this browser like the draft itself. */
export function createDraftParent() {
  const [parent, setNamedParent] = createSignal<NamedParent | null>(parseParent(readStorage(PARENT_KEY)))
  createEffect(() => {
    const current = parent()
    writeStorage(PARENT_KEY, current && JSON.stringify(current))
  })

  /**
   * Sets the output that the next submission goes on from; null for none. It is sent once, with the next submission.
   *
   * @param prompt of its generation, whose first words the composer shows
   */
  function setParent(next: DraftParent | null, prompt = '') {
    setNamedParent(next && { ...toSubmittedParent(next), prompt: prompt.slice(0, MAX_PROMPT_CHARACTERS) })
  }

  /** Removes a parent whose image is no longer attached: the next generation would not be made from it. */
  function clearWithoutImage() {
    const verb = parent()?.verb
    if (verb !== undefined && !VERBS_WITHOUT_IMAGE.includes(verb)) setParent(null)
  }

  return { parent, setParent, clearWithoutImage }
}

/** Returns the parent as a submission names it. */
export function toSubmittedParent({ generationId, outputIndex, verb }: DraftParent): NonNullable<Submission['parent']> {
  return { generationId, outputIndex, verb }
}

/** Describes a parent in one line: `Going on from: a plain kitchen chair · edit`. */
export function formatParent({ prompt, verb }: NamedParent): string {
  const label = isVerb(verb) ? VERB_LABELS[verb] : verb
  const text = shortenText(prompt, MAX_SHOWN_CHARACTERS)
  return `Going on from: ${text === '' ? 'an earlier picture' : text} · ${label}`
}

const MAX_PROMPT_CHARACTERS = 200
const MAX_SHOWN_CHARACTERS = 60

const VERB_LABELS: Record<Verb, string> = {
  again: 'again',
  vary: 'vary',
  reference: 'as a reference',
  edit: 'edit',
  'change-part': 'change only the marked part',
  upscale: 'upscale',
  'remove-background': 'remove the background',
  animate: 'animate',
}

/** Returns a text in one line, cut after a whole word. */
export function shortenText(text: string, maxCharacters: number): string {
  const line = text.trim().replaceAll(/\s+/g, ' ')
  if (line.length <= maxCharacters) return line
  const end = line.lastIndexOf(' ', maxCharacters)
  return `${line.slice(0, end > 0 ? end : maxCharacters)}…`
}

/** Parses a stored parent. Anything else counts as none. */
export function parseParent(text: string | null): NamedParent | null {
  try {
    const { generationId, outputIndex, verb, prompt } = JSON.parse(text ?? '{}')
    const isValid = typeof generationId === 'string' && Number.isSafeInteger(outputIndex) && typeof verb === 'string'
    return isValid ? { generationId, outputIndex, verb, prompt: typeof prompt === 'string' ? prompt : '' } : null
  } catch {
    return null
  }
}
