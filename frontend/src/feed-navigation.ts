import { describeProblem, RejectedError } from './request-error.ts'
import type { FeedLocation } from './store/feed-location.ts'
import type { GenerationStore } from './store/generation-store.ts'

export interface FeedNavigationOptions {
  store: Pick<GenerationStore, 'open' | 'moveWindow'>
  notify: (message: string) => void
  initialLocation: FeedLocation
  /** Called once, after the first page has been opened for the first time. */
  onOpen: () => Promise<void>
}

const LOCATION_NOT_FOUND = 'What that address named is no longer here.'

/** Creates the ways to a location of the feed: opening it, and moving from one location to another. */
export function createFeedNavigation({ store, notify, initialLocation, onOpen }: FeedNavigationOptions) {
  let opened: Promise<void> | undefined

  /** Reads the first page at the initial location. It may be called again after a failure. */
  async function openFirst() {
    if (!(await store.open(initialLocation))) notify(LOCATION_NOT_FOUND)
    opened ??= onOpen()
    await opened
  }

  /** Moves the feed to another location. */
  function goTo(location: FeedLocation) {
    const fail = (error: unknown) =>
      notify(error instanceof RejectedError ? LOCATION_NOT_FOUND : describeProblem(error))
    void store.moveWindow(location).catch(fail)
  }

  return { openFirst, goTo }
}
