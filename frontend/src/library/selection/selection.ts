import type { MediaRef } from '../../lightbox/gallery.ts'

/** The selected outputs of the place that is open, as a tile uses them. */
export interface Selection {
  /** Returns whether any output is selected: then every tile shows its tick. */
  isActive: () => boolean
  isSelected: (media: MediaRef) => boolean
  /** Selects an output, or removes it from the selection. @param isRange also all between it and the one that was toggled last */
  toggle: (media: MediaRef, isRange: boolean) => void
}
