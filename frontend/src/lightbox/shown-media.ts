import { createSignal } from 'solid-js'
import type { MediaRef } from './gallery.ts'

/** Creates the state of the lightbox: the output that it shows, null while it is closed. */
export function createShownMedia() {
  const [shownMedia, setShownMedia] = createSignal<MediaRef | null>(null)
  let openerKey: string | undefined

  /** Shows an output in the lightbox, or closes it with null. */
  function showMedia(media: MediaRef | null) {
    if (shownMedia() === null || media === null) openerKey = media?.key
    setShownMedia(media)
  }

  return {
    shownMedia,
    showMedia,
    /** Returns the key of the row from which the lightbox was opened, undefined while it is closed. */
    openerKey: () => openerKey,
  }
}
