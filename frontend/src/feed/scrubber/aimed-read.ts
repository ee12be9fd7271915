import type { FeedLocation, LocationRead } from '../../store/feed-location.ts'

export interface AimedReadDeps {
  read: (location: FeedLocation) => LocationRead
  /** Runs a callback after a number of milliseconds. */
  setTimer?: (callback: () => void, ms: number) => void
}

/** A page that is not used by then is read again: events are buffered for it. */
const MAX_AGE_MS = 5_000

/**
 * Creates the reading of the page at the location that the pointer aims at, so that it is there when the pointer is released. One page is
 * read at a time, however fast the pointer moves; after it the one that is aimed at by then.
 */
export function createAimedRead({ read, setTimer = setTimeout }: AimedReadDeps) {
  let aimed: FeedLocation | undefined
  let current: LocationRead | undefined
  let isReading = false

  /** Sets the location that the pointer aims at; undefined once it does no longer. */
  function aim(location: FeedLocation | undefined) {
    aimed = location
    if (location === undefined) end()
    else if (!isReading && !isOf(current, location)) void readAimed(location)
  }

  async function readAimed(location: FeedLocation): Promise<void> {
    end()
    isReading = true
    const started = read(location)
    current = started
    setTimer(() => current === started && end(), MAX_AGE_MS)
    // One that failed is read again where the page is used.
    await started.page.catch(() => current === started && end())
    isReading = false
    if (aimed !== undefined && !isSame(aimed, location)) await readAimed(aimed)
  }

  /** Returns the page of a location if it is read or being read. The caller ends it. */
  function take(location: FeedLocation): LocationRead | undefined {
    const taken = current
    if (!isOf(taken, location)) return undefined
    current = undefined
    return taken
  }

  function end() {
    current?.end()
    current = undefined
  }

  return { aim, take }
}

function isOf(read: LocationRead | undefined, location: FeedLocation): boolean {
  return read !== undefined && isSame(read.location, location)
}

function isSame(a: FeedLocation, b: FeedLocation): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
