import { onCleanup, onMount } from 'solid-js'
import { type FeedAddress, formatAddress, parseAddress, type SavedPosition } from './address.ts'
import { isFiltered, isSameQuery, type ListQuery } from './library/list-query.ts'
import { readHistoryMedia } from './lightbox/history/history-state.ts'
import { parsePageAddress } from './pages/page-address.ts'
import { goToAddress, replaceAddress } from './pages/page-route.ts'

export interface AddressBarOptions {
  /** Returns the list of the address. */
  query: () => ListQuery
  /** Returns the reader's position in it: null at its end, undefined while it is not shown yet. */
  currentPosition: () => SavedPosition | null | undefined
  /** Called with an address that the user has gone to. */
  onAddress: (address: FeedAddress) => void
}

const WRITE_DEBOUNCE_MS = 250

/**
 * Updates the page's address with the reader's position. A reload, a copied address or the browser's Back comes back to it. While
 * another page is shown over the feed, the address is that page's, and the feed is not moved. While the lightbox is open, its entry has
 * the address that it was opened at: going back from it must not move the feed.
 */
export function createAddressBar({ query, currentPosition, onAddress }: AddressBarOptions) {
  const positions = new Map<string, SavedPosition | null>()
  let timer: ReturnType<typeof setTimeout> | undefined
  /** Address at which the feed was left for another page. */
  let leftHash = ''
  /** The list of the history entry before this one, if this one was added by filtering it. */
  let unfilteredEntry: ListQuery | null = null

  /** Writes the reader's position into the address and the state of the history entry. */
  function writeAddress() {
    clearTimeout(timer)
    const position = currentPosition()
    if (isPageShown() || readHistoryMedia(history.state) || position === undefined) return
    if (!isFiltered(query())) positions.set(formatAddress(query(), null), position)
    history.replaceState(position ?? END_STATE, '', toUrl(formatAddress(query(), position)))
  }

  function scheduleWrite() {
    clearTimeout(timer)
    timer = setTimeout(writeAddress, WRITE_DEBOUNCE_MS)
  }

  function onHashChange({ oldURL }: HashChangeEvent) {
    const oldHash = new URL(oldURL).hash
    const wasPage = parsePageAddress(oldHash) !== null
    if (!wasPage) leftHash = oldHash
    clearTimeout(timer)
    const address = parseAddress(readAddress())
    if (isPageShown() || !isFiltered(address.query)) unfilteredEntry = null
    if (isPageShown()) return
    // The feed is still where it was left.
    if (wasPage && location.hash === leftHash) return scheduleWrite()
    onAddress(withLastPosition(address))
  }

  /** Returns an address that a link or a button leads to with the position at which its list was left. */
  function withLastPosition(address: FeedAddress): FeedAddress {
    const position = history.state === null ? positions.get(location.hash) : null
    return position ? { ...address, location: { around: position.id, share: position.share } } : address
  }

  /**
   * Goes to the address of a list. Filtering adds one entry to the history, which each further change of the filter replaces, so
   * that the browser's Back leads to the list that was filtered. Removing the filter goes back to it.
   *
   * @param location the end of the list, instead of where it was left
   */
  function showList(next: ListQuery, location?: 'newest') {
    const before = query()
    if (isSameQuery(before, next) && !isPageShown()) return
    writeAddress()
    if (location === 'newest') positions.delete(formatAddress(next, null))
    const isRefined = before.section === next.section && isFiltered(before) && !isPageShown()
    if (isRefined && unfilteredEntry !== null && isSameQuery(unfilteredEntry, next)) return history.back()
    if (isRefined) return replaceAddress(formatAddress(next, null))
    goToAddress(formatAddress(next, null))
    unfilteredEntry = before.section === next.section && isFiltered(next) ? before : null
  }

  onMount(() => {
    window.addEventListener('scroll', scheduleWrite, { passive: true })
    window.addEventListener('pagehide', writeAddress)
    window.addEventListener('hashchange', onHashChange)
    window.addEventListener('popstate', scheduleWrite)
    onCleanup(() => {
      clearTimeout(timer)
      window.removeEventListener('scroll', scheduleWrite)
      window.removeEventListener('pagehide', writeAddress)
      window.removeEventListener('hashchange', onHashChange)
      window.removeEventListener('popstate', scheduleWrite)
    })
  })

  return { showList, writeAddress }
}

/** The state of a history entry whose position is the end of its list. A link's entry has no state. */
const END_STATE = { isAtEnd: true }

function toUrl(hash: string): string {
  return `${location.pathname}${location.search}${hash}`
}

function isPageShown(): boolean {
  return parsePageAddress(location.hash) !== null
}

/** Returns the fragment of the page's address and the state of its history entry. */
export function readAddress(): { hash: string; state: unknown } {
  return { hash: location.hash, state: history.state }
}
