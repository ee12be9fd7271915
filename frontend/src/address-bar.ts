import { onCleanup, onMount } from 'solid-js'
import { formatAddress, parseAddress, type SavedPosition } from './address.ts'
import { parsePageAddress } from './pages/page-address.ts'
import type { FeedLocation } from './store/feed-location.ts'

export interface AddressBarOptions {
  /** Returns the reader's position, null at the end of the feed. */
  currentPosition: () => SavedPosition | null
  /** Called with the location of an address that the user has entered. */
  goTo: (location: FeedLocation) => void
}

const WRITE_DEBOUNCE_MS = 250

/**
 * Updates the page's address with the reader's position. A reload or a copied address comes back to it. While another page is shown
 * over the feed, the address is that page's, and the feed is not moved.
 */
export function createAddressBar({ currentPosition, goTo }: AddressBarOptions) {
  let timer: ReturnType<typeof setTimeout> | undefined
  /** Address at which the feed was left for another page. */
  let leftHash = ''

  function writeAddress() {
    clearTimeout(timer)
    if (isPageShown()) return
    const position = currentPosition()
    history.replaceState(position, '', `${location.pathname}${location.search}${formatAddress(position)}`)
  }

  function scheduleWrite() {
    clearTimeout(timer)
    timer = setTimeout(writeAddress, WRITE_DEBOUNCE_MS)
  }

  function onHashChange({ oldURL }: HashChangeEvent) {
    const oldHash = new URL(oldURL).hash
    const wasPage = parsePageAddress(oldHash) !== null
    if (!wasPage) leftHash = oldHash
    if (isPageShown()) return
    // The feed is still where it was left.
    if (wasPage && location.hash === leftHash) return scheduleWrite()
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

function isPageShown(): boolean {
  return parsePageAddress(location.hash) !== null
}

/** Returns the fragment of the page's address and the state of its history entry. */
export function readAddress(): { hash: string; state: unknown } {
  return { hash: location.hash, state: history.state }
}
