import { EMPTY_HISTORY, type MaskHistory } from './strokes.ts'

/** The unfinished work of the mask editor on an output: it is there again when the editor is opened for it. */
export interface MaskDraft {
  history: MaskHistory
  prompt: string
}

const MAX_DRAFTS = 8

/** Creates the drafts of the mask editor. They last as long as the page. */
export function createMaskDrafts() {
  const drafts = new Map<string, MaskDraft>()

  function save(key: string, draft: MaskDraft) {
    drafts.delete(key)
    drafts.set(key, draft)
    const [oldest] = drafts.keys()
    if (drafts.size > MAX_DRAFTS && oldest !== undefined) drafts.delete(oldest)
  }

  return {
    save,
    find: (key: string): MaskDraft => drafts.get(key) ?? { history: EMPTY_HISTORY, prompt: '' },
    discard: (key: string) => void drafts.delete(key),
  }
}
