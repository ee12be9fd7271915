import { createEffect, onCleanup } from 'solid-js'
import type { GenerationWindow } from '../store/generation-window.ts'
import { findMedia, type MediaRef } from './gallery.ts'

export interface NeighbourPreloadOptions {
  position: { previous: () => MediaRef | undefined; next: () => MediaRef | undefined }
  window: () => GenerationWindow
  /** Returns whether the original of the output that is shown has been loaded: neighbours come after it. */
  isLoaded: () => boolean
}

/** A user who turns quickly through the outputs loads none but those that are looked at. */
const DELAY_MS = 400
/** Larger originals are loaded only when they are shown, in bytes. */
const MAX_BYTES = 12_000_000

/** Loads the originals beside the one that is shown, once that is there and the user stays with it. */
export function createNeighbourPreload({ position, window, isLoaded }: NeighbourPreloadOptions): void {
  createEffect(() => {
    if (!isLoaded() || isSavingData()) return
    const beside = [position.next(), position.previous()]
    const timer = setTimeout(() => {
      for (const media of beside) if (media) preload(media, window())
    }, DELAY_MS)
    onCleanup(() => clearTimeout(timer))
  })
}

function preload({ key, index }: MediaRef, { byKey }: GenerationWindow): void {
  const media = findMedia(byKey.get(key), index)
  if (media?.output.kind !== 'image' || (media.output.bytes ?? 0) > MAX_BYTES) return
  const image = new Image()
  image.decoding = 'async'
  image.fetchPriority = 'low'
  image.src = media.url
}

function isSavingData(): boolean {
  return (navigator as { connection?: { saveData?: boolean } }).connection?.saveData === true
}
