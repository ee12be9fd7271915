import { createEffect, createSignal } from 'solid-js'
import { readStorage, writeStorage } from '../ui/local-storage.ts'

/** The colours behind the media of the lightbox. All of them are neutral: none tints what is shown. */
export const BACKDROPS = ['black', 'grey', 'white'] as const
export type Backdrop = (typeof BACKDROPS)[number]

const STORAGE_KEY = 'darkroom.ground'

/** Creates the choice of the backdrop, which is stored in this browser. */
export function createBackdrop() {
  const stored = BACKDROPS.find(name => name === readStorage(STORAGE_KEY))
  const [backdrop, setBackdrop] = createSignal<Backdrop>(stored ?? 'black')
  createEffect(() => writeStorage(STORAGE_KEY, backdrop()))
  return [backdrop, setBackdrop] as const
}

/** Returns the name of a backdrop: `Black backdrop`. */
export function formatBackdrop(backdrop: Backdrop): string {
  return `${backdrop.charAt(0).toUpperCase()}${backdrop.slice(1)} backdrop`
}
