import { type Accessor, createEffect, createMemo } from 'solid-js'
import type { GenerationWindow } from '../store/generation-window.ts'
import { findMedia, findNeighbour, findReplacement, type MediaRef } from './gallery.ts'

export interface GalleryPositionOptions {
  at: Accessor<MediaRef>
  generationWindow: Accessor<GenerationWindow>
  /** Shows another output, or closes the lightbox with null. */
  onShow: (media: MediaRef | null) => void
  /** Called when few rows are left before the one that is shown. */
  onNearOldest: () => Promise<void>
  /** Called when few rows are left after the one that is shown. */
  onNearNewest: () => Promise<void>
}

/** More rows are read when fewer than this many are left on a side of the one that is shown. */
const PREFETCH_ROWS = 5

/** Creates the lightbox's position among the outputs of the feed: the output that is shown and the ones beside it. */
export function createGalleryPosition(options: GalleryPositionOptions) {
  const { at, generationWindow, onShow } = options
  let lastShown = at()
  const media = createMemo(() => findMedia(generationWindow().byKey.get(at().key), at().index))
  const previous = createMemo(() => findNeighbour(generationWindow().rows, at(), -1))
  const next = createMemo(() => findNeighbour(generationWindow().rows, at(), 1))
  const show = (to: MediaRef | undefined) => to && onShow(to)

  createEffect(() => {
    lastShown = at()
  })
  replaceDeleted(options)
  prefetchRows(options)

  return {
    ...{ media, previous, next },
    showPrevious: () => show(previous()),
    showNext: () => show(next()),
    /** Returns the last output that was shown, also after the lightbox has been closed. */
    lastShown: () => lastShown,
  }
}

/** Shows the neighbour when the row of the output is deleted, in this page or in another one. */
function replaceDeleted({ at, generationWindow, onShow }: GalleryPositionOptions) {
  createEffect<GenerationWindow>(before => {
    const now = generationWindow()
    if (!now.byKey.has(at().key)) onShow(findReplacement(before.rows, now.byKey, at()) ?? null)
    return now
  }, generationWindow())
}

function prefetchRows({ at, generationWindow, onNearOldest, onNearNewest }: GalleryPositionOptions) {
  createEffect(() => {
    const { rows } = generationWindow()
    const index = rows.findIndex(row => row.key === at().key)
    // Reading changes the window, which an effect must not do while it runs.
    if (index < PREFETCH_ROWS) queueMicrotask(() => void onNearOldest())
    if (index >= rows.length - PREFETCH_ROWS) queueMicrotask(() => void onNearNewest())
  })
}
