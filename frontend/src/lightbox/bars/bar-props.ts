import type { MenuItem } from '../../ui/menu.tsx'
import type { Backdrop } from '../backdrops.ts'
import type { MediaItem } from '../gallery.ts'

/** The user's actions on the output that is shown, for the bars. */
export interface BarActions {
  toggleFavourite: () => void
  addAsReference: () => void
  remove: () => void
  /** Restores the generation from the trash. */
  restore: () => void
  copyImage: () => void
  toggleCompare: () => void
  toggleDetails: () => void
  setBackdrop: (backdrop: Backdrop) => void
  close: () => void
}

export interface BarProps {
  media: MediaItem
  /** Number of the output, or of both that are compared. */
  count: string
  verbs: readonly MenuItem[]
  /** Whether it is in the trash: then it can be looked at, downloaded and restored, and nothing else. */
  isTrashed: boolean
  backdrop: Backdrop
  isComparing: boolean
  canCompare: boolean
  isDetailsOpen: boolean
  actions: BarActions
}
