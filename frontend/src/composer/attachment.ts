import type { Reference } from '@darkroom/contracts/reference'
import { randomUuid } from '../ui/uuid.ts'
import { createPreviewUrl, getSourceName, type ReferenceSource } from './reference-source.ts'

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

const INITIAL_STATE = { progress: 0, state: 'uploading', problem: null, canRetry: false, reference: null } as const

/** One that the studio does not have yet. */
export function createUploadingAttachment(source: ReferenceSource): Attachment {
  return { ...INITIAL_STATE, key: randomUuid(), name: getSourceName(source), preview: createPreviewUrl(source) }
}

/** One that the studio has already. */
export function createReadyAttachment(reference: Reference): Attachment {
  const { previewUrl: preview } = reference
  return { ...INITIAL_STATE, key: randomUuid(), name: 'reference', preview, progress: 1, state: 'ready', reference }
}
