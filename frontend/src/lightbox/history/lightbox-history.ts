import type { Generation } from '@darkroom/contracts/generation'
import { createEffect, on, onCleanup, onMount } from 'solid-js'
import type { MaskTarget } from '../../mask/mask-target.ts'
import type { GenerationWindow } from '../../store/generation-window.ts'
import { fetchFromStudio } from '../../studio-fetch.ts'
import type { MediaRef } from '../gallery.ts'
import { addEditorEntry, isEditorEntry, leaveEditor, replaceEditorEntry } from './editor-entry.ts'
import { type HistoryMedia, readHistoryMedia, withHistoryMedia } from './history-state.ts'

export interface LightboxHistoryOptions {
  /** The output that is shown; null while the lightbox is closed. */
  shownMedia: () => MediaRef | null
  showMedia: (media: MediaRef | null) => void
  generationWindow: () => GenerationWindow
  /** The output that an editor is open over, in the lightbox or in the feed; null while none is. */
  maskTarget: () => MaskTarget | null
  /** Returns whether the feed has been read: only then an output of a reloaded page can be found in it. */
  isReady: () => boolean
  /** Writes the reader's position into the address at once. */
  writeAddress: () => void
}

/**
 * Gives the open lightbox an entry of the browser's history, so that Back closes it. The entry's address is that of the feed below; the
 * output is in its state, and a reload shows it again. An open editor has one more, above that.
 */
export function createLightboxHistory(options: LightboxHistoryOptions): void {
  const { shownMedia, showMedia, generationWindow, maskTarget, isReady, writeAddress } = options
  let isGoingBack = false

  const isShown = ({ id, index }: HistoryMedia) => {
    const shown = toHistoryMedia(shownMedia(), generationWindow())
    return shown?.id === id && shown.index === index
  }

  function writeEntry(media: MediaRef | null) {
    // An entry that is being left is not the one to write to: it is written once that has happened.
    if (isGoingBack) return
    const target = maskTarget()
    if (isEditorEntry()) return void (target === null && goBack())
    if (target) return addEntry(() => addEditorEntry(target))
    const shown = toHistoryMedia(media, generationWindow())
    const stored = readHistoryMedia(history.state)
    if (shown && stored) history.replaceState(withHistoryMedia(history.state, shown), '')
    else if (shown) addEntry(() => history.pushState(withHistoryMedia(history.state, shown), ''))
    else if (stored && media === null) goBack()
  }

  function addEntry(add: () => void) {
    // The entry below must have the position that the feed has now: between two positions Back and Forward would move it.
    writeAddress()
    add()
  }

  function goBack() {
    isGoingBack = true
    history.back()
  }

  function onPopState() {
    const isOurs = isGoingBack
    isGoingBack = false
    if (isOurs) return writeEntry(shownMedia())
    if (maskTarget()) return goBackFromEditor()
    replaceEditorEntry()
    const stored = readHistoryMedia(history.state)
    if (stored) void openStored(stored)
    else showMedia(null)
  }

  /** Leaves the editor from which the user went back. If it asks first, it has its entry again. */
  function goBackFromEditor() {
    leaveEditor()
    writeEntry(shownMedia())
  }

  async function openStored(stored: HistoryMedia) {
    if (isShown(stored)) return
    const media = await findStored(stored, generationWindow())
    // Meanwhile the user may have gone elsewhere.
    const now = readHistoryMedia(history.state)
    if (media && now?.id === stored.id && now.index === stored.index) showMedia(media)
  }

  // An output may have been opened while this code was loaded.
  if (shownMedia()) writeEntry(shownMedia())
  createEffect(on([shownMedia, maskTarget], ([media]) => writeEntry(media), { defer: true }))
  const stored = readHistoryMedia(history.state)
  if (stored) createEffect(on(isReady, ready => ready && !shownMedia() && void openStored(stored)))
  onMount(() => {
    window.addEventListener('popstate', onPopState)
    onCleanup(() => window.removeEventListener('popstate', onPopState))
  })
}

function toHistoryMedia(media: MediaRef | null, { byKey }: GenerationWindow): HistoryMedia | null {
  const id = media && (byKey.get(media.key)?.generation ?? media.generation)?.id
  return media && id ? { id, index: media.index } : null
}

/** Finds an output of the history: in the window of the feed, else in the studio; undefined if it is gone. */
async function findStored({ id, index }: HistoryMedia, { rows }: GenerationWindow): Promise<MediaRef | undefined> {
  const row = rows.find(({ generation }) => generation.id === id)
  if (row) return { key: row.key, index }
  try {
    const generation = (await (await fetchFromStudio(`/api/generations/${id}`)).json()) as Generation
    return generation.deletedAt === null ? { key: generation.clientId, index, generation } : undefined
  } catch {
    return undefined
  }
}
