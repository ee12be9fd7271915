import type { Reference } from '@darkroom/contracts/reference'
import { uuid } from '../ui/uuid.ts'
import { nameOf, previewOf, type Source } from './reference-source.ts'

/** A picture that will go along with the prompt. It is sent to the studio as soon as it is attached. */
export interface Attachment {
  readonly key: string
  name: string
  preview: string
  progress: number
  state: 'uploading' | 'ready' | 'failed'
  problem: string | null
  /** Whether sending it once more may help. */
  canRetry: boolean
  reference: Reference | null
}

const UNSENT = { progress: 0, state: 'uploading', problem: null, canRetry: false, reference: null } as const

/** One that the studio does not have yet. */
export function unsentAttachment(source: Source): Attachment {
  return { ...UNSENT, key: uuid(), name: nameOf(source), preview: previewOf(source) }
}

/** One that the studio has already. */
export function readyAttachment(reference: Reference): Attachment {
  const { previewUrl: preview } = reference
  return { ...UNSENT, key: uuid(), name: 'reference', preview, progress: 1, state: 'ready', reference }
}
