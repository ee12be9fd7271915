import type { Generation } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import type { GenerationWindow } from '../store/generation-window.ts'
import type { Notices } from '../ui/notices.ts'
import type { ListOutputVerbs } from '../verbs/output-menu.ts'
import type { MediaRef } from './gallery.ts'
import type { LineageSource } from './lineage-source.ts'

/** The part of the studio that the lightbox uses. */
export interface LightboxProps {
  at: MediaRef
  generationWindow: GenerationWindow
  modelsById: ReadonlyMap<string, Model>
  notices: Notices
  /** Shows another output, or closes the lightbox with null. */
  onShow: (media: MediaRef | null) => void
  onNearOldest: () => Promise<void>
  onNearNewest: () => Promise<void>
  onFavourite: (generation: Generation, outputIndex: number, favourite: boolean) => Promise<void>
  /** Deletes an output. The last one takes its generation with it. */
  onRemoveOutput: (generation: Generation, outputIndex: number) => Promise<void>
  /** Restores a generation from the trash. */
  onRestore: (generation: Generation) => Promise<void>
  onUseAsReference: (image: { url: string; previewUrl: string | null }) => void
  onShowKeys: () => void
  onCopyPrompt: (generation: Generation) => Promise<void>
  /** Fills the composer with a generation's prompt, settings and references. */
  onReuse?: ((generation: Generation) => void) | undefined
  /** The verbs that a connected model can do with an output. */
  listOutputVerbs?: ListOutputVerbs | undefined
  /** Reads where outputs came from. */
  lineage?: LineageSource | undefined
}
