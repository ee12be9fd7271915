import type { Generation } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import type { Output } from '@darkroom/contracts/output'
import type { PixelSize } from '@darkroom/contracts/size'
import type { MaskDraft } from './mask-drafts.ts'

/** An output, a part of which is to be changed. */
export interface MaskTarget {
  generation: Generation
  output: Output & { url: string }
}

/** The submission of the editor. Without a mask the whole image is edited by the prompt. */
export interface MaskSubmission extends MaskTarget {
  model: Model
  prompt: string
  numOutputs: number
  /** PNG of the size of the image. */
  mask: Uint8Array<ArrayBuffer> | null
}

export interface MaskEditorProps {
  target: MaskTarget
  /** Models that take a mask, the best first. */
  models: readonly Model[]
  /** Models that edit an image by words alone, the best first. */
  editModels: readonly Model[]
  draft: MaskDraft
  onSaveDraft: (draft: MaskDraft) => void
  onSend: (submission: MaskSubmission) => void
  onClose: () => void
}

export interface MaskWorkspaceProps extends MaskEditorProps {
  image: PixelSize
  /** Names the image: which one of which prompt. */
  name: string
  /** Closes the editor, or asks first. */
  onLeave: () => void
  /** Called with a function that returns whether there is something to lose. */
  onMount: (hasChanges: () => boolean) => void
}
