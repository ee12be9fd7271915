import { createEffect } from 'solid-js'
import { createStore } from 'solid-js/store'
import { readStorage, writeStorage } from '../ui/local-storage.ts'
import type { Attachment } from './attachments/attachment.ts'
import type { StoredAttachment } from './attachments/attachments.ts'
import { type Draft, parseDraft } from './draft.ts'

const DRAFT_KEY = 'darkroom.draft'
const REFERENCES_KEY = 'darkroom.references'

/** Creates the draft from this browser's storage, and stores it again with each change. */
export function createPersistedDraft() {
  const [draft, setDraft] = createStore<Draft>(parseDraft(readStorage(DRAFT_KEY)))
  createEffect(() => writeStorage(DRAFT_KEY, JSON.stringify(draft)))
  return { draft, setDraft }
}

/** Stores the references of the draft in this browser with each change. Attachments that are not uploaded are left out. */
export function persistReferences(attachments: readonly Attachment[]): void {
  createEffect(() => {
    const references = attachments.flatMap(toStoredAttachment)
    writeStorage(REFERENCES_KEY, JSON.stringify(references))
  })
}

function toStoredAttachment({ reference, role, isLeftOver }: Attachment): StoredAttachment[] {
  return reference ? [{ ...reference, ...(role !== null && { role }), ...(isLeftOver && { isLeftOver }) }] : []
}

/** Reads the references that `persistReferences` has stored. Anything that is not a reference is left out. */
export function readStoredReferences(): StoredAttachment[] {
  try {
    const stored: unknown = JSON.parse(readStorage(REFERENCES_KEY) ?? '[]')
    return Array.isArray(stored) ? stored.filter(isReference) : []
  } catch {
    return []
  }
}

function isReference(value: unknown): value is StoredAttachment {
  if (typeof value !== 'object' || value === null) return false
  return 'id' in value && typeof value.id === 'string' && 'previewUrl' in value && typeof value.previewUrl === 'string'
}
