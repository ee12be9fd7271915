import type { Generation, GenerationPage, Submission } from '@darkroom/contracts/generation'
import { describeProblem, type PageQuery, UnreachableError } from '../api.ts'
import { createFrameBatcher } from '../live/frame-batcher.ts'
import {
  type FeedLocation,
  fetchLocation,
  fetchWindow,
  nextPageQuery,
  type ScrollTarget,
  type Side,
  toScrollTarget,
} from './feed-location.ts'
import { EMPTY_WINDOW, type GenerationWindow } from './generation-window.ts'
import { merge, noteNewest } from './merge.ts'
import { createOptimisticUpdates } from './optimistic.ts'
import type { OutboxStore } from './outbox-store.ts'
import { createSubmissionQueue } from './submission-queue.ts'
import { addNewer, addOlder, reconcileWindow, replaceWindow, trimWindow } from './window-pages.ts'

/** How far reading has come, for the page to say so. */
export interface LoadState {
  first: 'loading' | 'ready' | 'failed'
  older: 'idle' | 'loading' | 'failed'
  newer: 'idle' | 'loading' | 'failed'
  /** Whether the window is on its way to another place. */
  isMoving: boolean
  problem: string | null
}

export type Listener = (now: GenerationWindow, before: GenerationWindow) => void

export interface GenerationStoreOptions {
  fetchPage: (query: PageQuery) => Promise<GenerationPage>
  generate: (submission: Submission) => Promise<Generation>
  /** What is asked for is kept there until the studio has answered. */
  outbox: OutboxStore
  nextFrame?: (callback: () => void) => void
  /** Calls something after so many milliseconds. */
  setTimer?: (work: () => void, milliseconds: number) => void
}

export type GenerationStore = ReturnType<typeof createGenerationStore>

const FIRST_PAGE_SIZE = 50
const PAGE_SIZE = 100
/** How large the window becomes, and by how much it is made smaller then. */
const WINDOW_SIZE = { maxRows: 1_000, slack: 100 }

/** Everything this page holds of the studio's generations, and how it comes to know: pages, events, and its own orders. */
export function createGenerationStore({ fetchPage, generate, outbox, nextFrame, setTimer }: GenerationStoreOptions) {
  let known = EMPTY_WINDOW
  let loadState: LoadState = { first: 'loading', older: 'idle', newer: 'idle', isMoving: false, problem: null }
  let scrollTarget: ScrollTarget = { key: null }
  let bufferedEvents: Generation[] = []
  const pendingLoads = new Set<Promise<void>>()
  let moveCount = 0
  let getAnchorKey: () => string | null = () => null
  const listeners = new Set<Listener>()
  const batcher = createFrameBatcher(receive, nextFrame)

  function commit(next: GenerationWindow, read: Partial<LoadState> = {}) {
    const before = known
    const anchorKey = getAnchorKey()
    known = anchorKey === null ? next : trimWindow(next, anchorKey, WINDOW_SIZE)
    loadState = { ...loadState, ...read }
    for (const listener of listeners) listener(known, before)
  }

  /** Events that come while a page is read are told again once it is there: it may be older than they are. */
  function receive(generations: Generation[]) {
    if (pendingLoads.size > 0 || loadState.first !== 'ready') bufferedEvents = [...bufferedEvents, ...generations]
    if (loadState.first === 'ready') commit(merge(known, generations))
  }

  async function trackLoad(work: () => Promise<void>): Promise<void> {
    const read = work()
    pendingLoads.add(read)
    try {
      await read
    } finally {
      pendingLoads.delete(read)
      if (pendingLoads.size === 0 && loadState.first === 'ready') bufferedEvents = []
    }
  }

  /** Reads the first page: the newest, or the one at a place. @returns false if that place does not exist: then the newest */
  async function open(location: FeedLocation = 'newest'): Promise<boolean> {
    commit(known, { first: 'loading', problem: null })
    try {
      await trackLoad(() => showLocation(location, FIRST_PAGE_SIZE))
      return true
    } catch (error) {
      const isNotFound = location !== 'newest' && !(error instanceof UnreachableError)
      if (isNotFound) await open()
      if (!isNotFound) commit(known, { first: 'failed', problem: describeProblem(error) })
      return !isNotFound
    }
  }

  /** Moves the window to another place; the last one asked for counts. @throws Refusal, OutOfReach */
  async function moveWindow(location: FeedLocation): Promise<void> {
    const move = moveCount + 1
    commit(known, { isMoving: true })
    try {
      await trackLoad(() => showLocation(location, PAGE_SIZE))
    } finally {
      if (move === moveCount) commit(known, { isMoving: false })
    }
  }

  async function showLocation(location: FeedLocation, limit: number) {
    moveCount += 1
    const move = moveCount
    const read = await fetchLocation(fetchPage, location, limit)
    if (move !== moveCount) return
    scrollTarget = toScrollTarget(location, read.page)
    const moved = noteNewest(replaceWindow(known, read.page), read.newest)
    commit(merge(moved, bufferedEvents), { first: 'ready', older: 'idle', newer: 'idle' })
  }

  /** Reads the page beyond the oldest generation of the window; nothing if there is none or it is being read. */
  async function loadOlder() {
    const query = nextPageQuery(known, 'older')
    if (query && loadState.older !== 'loading') await trackLoad(() => loadBeyond('older', query))
  }

  /** Reads the page beyond the newest generation of the window; nothing if there is none or it is being read. */
  async function loadNewer() {
    const query = nextPageQuery(known, 'newer')
    if (query && loadState.newer !== 'loading') await trackLoad(() => loadBeyond('newer', query))
  }

  /** What is read for a place that the window has left meanwhile is of no use. */
  async function loadBeyond(side: Side, query: Omit<PageQuery, 'limit'>) {
    const at = scrollTarget
    const add = side === 'older' ? addOlder : addNewer
    commit(known, { [side]: 'loading' })
    try {
      const read = await fetchPage({ limit: PAGE_SIZE, ...query })
      if (at === scrollTarget) commit(merge(add(known, read), bufferedEvents), { [side]: 'idle' })
    } catch (error) {
      if (at === scrollTarget) commit(known, { [side]: 'failed', problem: describeProblem(error) })
    }
  }

  /**
   * Reads the window again where it is, after a gap in the events, and once more when everything has come that had been asked for
   * before: that, too, may be older than the gap.
   *
   * @throws Refusal, OutOfReach
   */
  async function reload(): Promise<void> {
    const pendingBefore = [...pendingLoads]
    if (loadState.first === 'ready') await reloadWindow()
    await Promise.allSettled(pendingBefore)
    if (loadState.first === 'failed') return void (await open())
    if (pendingBefore.length > 0) await reloadWindow()
  }

  /** If it comes to another place meanwhile it is read there. */
  async function reloadWindow(): Promise<void> {
    const [before, at] = [known, scrollTarget]
    await trackLoad(async () => {
      const read = await fetchWindow(fetchPage, before)
      if (at === scrollTarget) commit(merge(reconcileWindow(known, read, before), bufferedEvents))
    })
    if (at !== scrollTarget) await reloadWindow()
  }

  /** Calls the listener after every change, until the function given back is called. */
  function subscribe(listener: Listener): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  /** Says who tells which row is being read, so that the window is cut elsewhere; null: that it must not be cut now. */
  function setTrimAnchor(getKey: () => string | null) {
    getAnchorKey = getKey
  }

  return {
    current: () => known,
    loadState: () => loadState,
    scrollTarget: () => scrollTarget,
    receive: batcher,
    ...{
      open,
      moveWindow,
      readOlder: loadOlder,
      readNewer: loadNewer,
      readAgain: reload,
      setReader: setTrimAnchor,
      subscribe,
    },
    ...createSubmissionQueue({ current: () => known, commit, generate, outbox, ...(setTimer && { setTimer }) }),
    ...createOptimisticUpdates({ current: () => known, commit }),
  }
}
