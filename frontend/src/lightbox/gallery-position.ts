import type { Generation } from '@darkroom/contracts/generation'
import { type Accessor, createEffect, createMemo } from 'solid-js'
import type { GenerationWindow, Row } from '../store/generation-window.ts'
import { findMedia, findNeighbour, findReplacement, listMedia, type MediaItem, type MediaRef } from './gallery.ts'
import { isVisible } from './is-visible.ts'

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
  /** The rows that are turned through: those of the feed, or the one that is shown without being among them. */
  const rows = createMemo(() => {
    const detached = findDetached(options) && toRow(at(), generationWindow())
    return detached ? [detached] : generationWindow().rows
  })
  const row = () => generationWindow().byKey.get(at().key) ?? toRow(at(), generationWindow())
  const media = createMemo(() => findMedia(row(), at().index))
  const previous = createMemo(() => findNeighbour(rows(), at(), -1))
  const next = createMemo(() => findNeighbour(rows(), at(), 1))
  const siblings = createMemo(() => listMedia(media()?.generation))
  const show = (to: MediaRef | undefined) => to && onShow(withDetached(to, at()))

  createEffect(() => {
    lastShown = at()
  })
  replaceDeleted(options)
  prefetchRows(options)

  return {
    ...{ media, previous, next, siblings },
    /** Returns the outputs of the nearest generation before or after that has some. */
    neighbours: (step: 1 | -1) => listNeighbours(rows(), at(), step),
    showPrevious: () => show(previous()),
    showNext: () => show(next()),
    showFirst: () => show(siblings()[0]),
    showLast: () => show(siblings().at(-1)),
    /** Shows an output that is in the window of the feed or not. */
    showItem: (item: MediaItem) => show(toMediaRef(item, generationWindow())),
    /** Returns the last output that was shown, also after the lightbox has been closed. */
    lastShown: () => lastShown,
  }
}

/** Returns the shown generation if it is not in the window of the feed. */
function findDetached({ at, generationWindow }: GalleryPositionOptions): Generation | undefined {
  return generationWindow().byKey.has(at().key) ? undefined : at().generation
}

/** Returns a reference to an output, with its generation only if the window of the feed does not have it. */
function toMediaRef({ key, index, generation }: MediaItem, { byKey }: GenerationWindow): MediaRef {
  return byKey.has(key) ? { key, index } : { key, index, generation }
}

/** Returns a reference to an output of the same generation that is shown without being in the window. */
function withDetached(to: MediaRef, at: MediaRef): MediaRef {
  return to.key === at.key && at.generation ? { ...to, generation: at.generation } : to
}

/** Returns the row of an output that is shown without being in the window; undefined once it is deleted permanently. */
function toRow({ key, generation }: MediaRef, { purgedIds }: GenerationWindow): Row | undefined {
  if (!generation || purgedIds.has(generation.id)) return undefined
  return { key, sortKey: '', generation, delivery: null }
}

/** The outputs of a neighbouring generation that are listed. */
const MAX_NEIGHBOURS = 2

function listNeighbours(rows: readonly Row[], { key }: MediaRef, step: 1 | -1): MediaItem[] {
  const index = rows.findIndex(row => row.key === key)
  if (index < 0) return []
  const beyond = step === 1 ? rows.slice(index + 1) : rows.slice(0, index).toReversed()
  const found = beyond.find(({ generation }) => generation.outputs.some(isVisible))
  const items = listMedia(found?.generation)
  return step === 1 ? items.slice(0, MAX_NEIGHBOURS) : items.slice(-MAX_NEIGHBOURS)
}

/** Shows the neighbour when the output is deleted, alone or with its row, in this page or in another one. */
function replaceDeleted(options: GalleryPositionOptions) {
  const { at, generationWindow, onShow } = options
  createEffect<GenerationWindow>(before => {
    const now = generationWindow()
    const isShown = findMedia(now.byKey.get(at().key) ?? toRow(at(), now), at().index) !== undefined
    const isDetached = !now.byKey.has(at().key) && !before.byKey.has(at().key)
    const replacement = isDetached ? findSibling(at(), now) : findReplacement(before.rows, now.byKey, at())
    if (!isShown) onShow(replacement ?? null)
    return now
  }, generationWindow())
}

/** Finds another output of a generation that is shown without being in the window: those of the feed are not its neighbours. */
function findSibling({ key, index, generation }: MediaRef, window: GenerationWindow): MediaRef | undefined {
  const others = listMedia(toRow({ key, index, generation }, window)?.generation)
  const sibling = others.find(other => other.index > index) ?? others.at(-1)
  return sibling && { key, index: sibling.index, generation }
}

function prefetchRows({ at, generationWindow, onNearOldest, onNearNewest }: GalleryPositionOptions) {
  createEffect(() => {
    const { rows } = generationWindow()
    const index = rows.findIndex(row => row.key === at().key)
    if (index < 0) return
    // Reading changes the window, which an effect must not do while it runs.
    if (index < PREFETCH_ROWS) queueMicrotask(() => void onNearOldest())
    if (index >= rows.length - PREFETCH_ROWS) queueMicrotask(() => void onNearNewest())
  })
}
