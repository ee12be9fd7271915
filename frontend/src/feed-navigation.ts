import { createSignal } from 'solid-js'
import type { FeedAddress, SavedPosition } from './address.ts'
import { createAddressBar } from './address-bar.ts'
import type { FeedControl } from './library/feed-control.ts'
import { isSameQuery } from './library/list-query.ts'
import { describeProblem, RejectedError } from './request-error.ts'
import type { FeedLocation, LocationRead } from './store/feed-location.ts'
import type { GenerationStore } from './store/generation-store.ts'
import type { NoticeAction } from './ui/notices.ts'

export interface FeedNavigationOptions {
  store: Pick<GenerationStore, 'current' | 'open' | 'moveWindow'>
  feedControl: Pick<FeedControl, 'currentPosition'>
  notify: (message: string, action?: NoticeAction) => void
  initialAddress: FeedAddress
  /** Called once, after the first page has been opened for the first time. */
  onOpen: () => Promise<void>
}

const LOCATION_NOT_FOUND = 'What that address named is no longer here.'

/** Creates the ways to a location of the feed: opening it, moving within its list, and showing another list. */
export function createFeedNavigation(options: FeedNavigationOptions) {
  const { store, feedControl, notify, initialAddress, onOpen } = options
  const [query, setQuery] = createSignal(initialAddress.query)
  let opened: Promise<void> | undefined
  /** The location that could not be read last; undefined if the last one was. */
  let unreadLocation: FeedLocation | undefined

  /** Reads the first page at the initial location. It may be called again after a failure. */
  async function openFirst() {
    const location = isSameQuery(query(), initialAddress.query) ? initialAddress.location : 'newest'
    if (!(await store.open(location, query()))) notify(LOCATION_NOT_FOUND)
    opened ??= onOpen()
    await opened
  }

  /** Moves the feed to another location of its list. @param read the page, if it was read ahead */
  function goTo(location: FeedLocation, read?: LocationRead) {
    unreadLocation = undefined
    void store.moveWindow(location, query(), read).catch(error => {
      if (error instanceof RejectedError) return notify(LOCATION_NOT_FOUND)
      unreadLocation = location
      notify(describeProblem(error), { label: 'Try again', run: () => goTo(location) })
    })
  }

  /** Reads the list of the address if it could not be read before: until then the page shows the one before it. */
  function readUnread() {
    if (unreadLocation !== undefined && !isSameQuery(store.current().query, query())) goTo(unreadLocation)
  }

  function onAddress(address: FeedAddress) {
    if (!isSameQuery(address.query, query())) setQuery(address.query)
    goTo(address.location)
  }

  /** Returns the reader's position; undefined while the list of the address is still being read. */
  function currentPosition(): SavedPosition | null | undefined {
    if (!isSameQuery(store.current().query, query())) return undefined
    const position = feedControl.currentPosition()
    const row = position && store.current().byKey.get(position.key)
    return row?.delivery === null ? { id: row.generation.id, share: position?.share ?? 0 } : null
  }

  const { showList, writeAddress } = createAddressBar({ query, currentPosition, onAddress })
  return { openFirst, goTo, readUnread, query, showList, writeAddress }
}
