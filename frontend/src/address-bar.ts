import { onCleanup, onMount } from 'solid-js'
import { addressOf, placeAt, type ReadAt } from './address.ts'
import type { Place } from './store/feed-location.ts'

export interface AddressBarOptions {
  /** Where the reader is; null at the end of the feed. */
  readerAt: () => ReadAt | null
  /** Goes to a place that the person has entered. */
  goTo: (place: Place) => void
}

const STILL_MS = 250

/** Keeps the address of this page at what is being read, so that a reload or a copied address comes back to it. */
export function createAddressBar({ readerAt, goTo }: AddressBarOptions) {
  let timer: ReturnType<typeof setTimeout> | undefined

  function write() {
    clearTimeout(timer)
    const place = readerAt()
    history.replaceState(place, '', `${location.pathname}${location.search}${addressOf(place)}`)
  }

  function later() {
    clearTimeout(timer)
    timer = setTimeout(write, STILL_MS)
  }

  function onHash() {
    goTo(placeAt(addressed()))
  }

  onMount(() => {
    window.addEventListener('scroll', later, { passive: true })
    window.addEventListener('pagehide', write)
    window.addEventListener('hashchange', onHash)
    onCleanup(() => {
      clearTimeout(timer)
      window.removeEventListener('scroll', later)
      window.removeEventListener('pagehide', write)
      window.removeEventListener('hashchange', onHash)
    })
  })
}

/** What the address bar says, and this page's history with it. */
export function addressed(): { hash: string; state: unknown } {
  return { hash: location.hash, state: history.state }
}
