import type { InputRole } from '@darkroom/contracts/model'
import type { Reference } from '@darkroom/contracts/reference'
import type { PixelSize } from '@darkroom/contracts/size'
import { randomUuid } from '../../ui/uuid.ts'
import { createPreviewUrl, getSourceName, type ReferenceSource } from './reference-source.ts'

/** An image that is sent with the prompt. It is uploaded as soon as it is attached. */
export interface Attachment {
  readonly key: string
  name: string
  preview: string
  progress: number
  state: 'uploading' | 'ready' | 'failed'
  problem: string | null
  /** Whether uploading it again may help. */
  canRetry: boolean
  reference: Reference | null
  /** Size of the preview, whose ratio is that of the image; null until it is shown. */
  size: PixelSize | null
  /** The role that was chosen for it; null for that which the model gives it. */
  role: InputRole | null
  /** Whether an earlier submission went without it: it is sent only after the user has said so. */
  isLeftOver: boolean
}

const INITIAL_STATE = {
  progress: 0,
  state: 'uploading',
  problem: null,
  canRetry: false,
  reference: null,
  size: null,
  role: null,
  isLeftOver: false,
} as const

/** Creates an attachment that the studio does not have yet. */
export function createUploadingAttachment(source: ReferenceSource, role: InputRole | null = null): Attachment {
  return { ...INITIAL_STATE, key: randomUuid(), name: getSourceName(source), preview: createPreviewUrl(source), role }
}

/** Creates an attachment of a reference that the studio has. */
export function createReadyAttachment(reference: Reference): Attachment {
  const { role: storedRole = 'reference', ...stored } = reference
  const ready = { progress: 1, state: 'ready', reference: stored, preview: stored.previewUrl } as const
  return {
    ...INITIAL_STATE,
    ...ready,
    key: randomUuid(),
    name: 'reference',
    role: storedRole === 'reference' ? null : storedRole,
  }
}

/** Returns whether an attachment is sent with the prompt: also one whose upload can be tried again. */
export function isSendable({ state, canRetry }: Pick<Attachment, 'state' | 'canRetry'>): boolean {
  return state !== 'failed' || canRetry
}
