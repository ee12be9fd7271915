import type { Generation } from '@darkroom/contracts/generation'
import type { Output } from '@darkroom/contracts/output'
import type { Accessor } from 'solid-js'
import type { Selection } from '../../library/selection/selection.ts'
import type { MediaRef } from '../../lightbox/gallery.ts'
import type { ListOutputVerbs } from '../../verbs/output-menu.ts'
import type { Box } from '../tile-layout.ts'

/** The user's actions on an output. */
export interface TileActions {
  setFavourite: (generation: Generation, outputIndex: number, favourite: boolean) => void
  useAsReference: (image: ShownImage) => void
  /** Shows an output in the lightbox. */
  showMedia: (media: MediaRef) => void
  /** Deletes one output. */
  removeOutput?: ((generation: Generation, outputIndex: number) => void) | undefined
  listOutputVerbs?: ListOutputVerbs | undefined
  selection?: Selection | undefined
  /** Called when an output is touched for a while: it begins a selection. */
  onHold?: ((media: MediaRef) => void) | undefined
}

interface ShownImage {
  url: string
  previewUrl: string
}

export interface OutputTileProps {
  rowKey: string
  generation: Generation
  output: Output
  box: Box | undefined
  coarseNow: Accessor<number>
  actions: TileActions
}
