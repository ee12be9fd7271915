import { onCleanup, onMount } from 'solid-js'
import { formatAddress, parseAddress, type SavedPosition } from './address.ts'
import type { FeedLocation } from './store/feed-location.ts'

export interface AddressBarOptions {
  /** Where the reader is; null at the end of the feed. */
  currentPosition: () => SavedPosition | null
  /** Goes to a place that the person has entered. */
  goTo: (location: FeedLocation) => void
}

const WRITE_DEBOUNCE_MS = 250

/** Keeps the address of this page at what is being read, so that a reload or a copied address comes back to it. */
export function createAddressBar({ currentPosition, goTo }: AddressBarOptions) {
  let timer: ReturnType<typeof setTimeout> | undefined

  function writeAddress() {
    clearTimeout(timer)
    const position = currentPosition()
    history.replaceState(position, '', `${location.pathname}${location.search}${formatAddress(position)}`)
  }

  function scheduleWrite() {
    clearTimeout(timer)
    timer = setTimeout(writeAddress, WRITE_DEBOUNCE_MS)
  }

  function onHashChange() {
    goTo(parseAddress(readAddress()))
  }

  onMount(() => {
    window.addEventListener('scroll', scheduleWrite, { passive: true })
    window.addEventListener('pagehide', writeAddress)
    window.addEventListener('hashchange', onHashChange)
    onCleanup(() => {
      clearTimeout(timer)
      window.removeEventListener('scroll', scheduleWrite)
      window.removeEventListener('pagehide', writeAddress)
      window.removeEventListener('hashchange', onHashChange)
    })
  })
}

/** What the address bar says, and this page's history with it. */
export function readAddress(): { hash: string; state: unknown } {
  return { hash: location.hash, state: history.state }
}
