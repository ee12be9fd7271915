import type { Generation, GenerationPage, Submission } from '@darkroom/contracts/generation'
import { describeProblem, OutOfReach, type PageQuery } from '../api.ts'
import { createInbox } from '../live/frame-batcher.ts'
import { type Landing, landingOf, type Place, queryBeyond, readPlace, readWindow, type Side } from './feed-location.ts'
import { type Generations, NO_GENERATIONS } from './generation-window.ts'
import { merge, noteNewest } from './merge.ts'
import { createChanges } from './optimistic.ts'
import type { UnsentOrders } from './outbox-store.ts'
import { createOrders } from './submission-queue.ts'
import { addNewer, addOlder, moveTo, refresh, trim } from './window-pages.ts'

/** How far reading has come, for the page to say so. */
export interface Reading {
  first: 'loading' | 'ready' | 'failed'
  older: 'idle' | 'loading' | 'failed'
  newer: 'idle' | 'loading' | 'failed'
  /** Whether the window is on its way to another place. */
  moving: boolean
  problem: string | null
}

export type Listener = (now: Generations, before: Generations) => void

export interface LibraryOptions {
  page: (query: PageQuery) => Promise<GenerationPage>
  generate: (submission: Submission) => Promise<Generation>
  /** What is asked for is kept there until the studio has answered. */
  unsent: UnsentOrders
  nextFrame?: (callback: () => void) => void
  /** Calls something after so many milliseconds. */
  later?: (work: () => void, milliseconds: number) => void
}

export type Library = ReturnType<typeof createLibrary>

const FIRST_PAGE = 50
const PAGE = 100
/** How large the window becomes, and by how much it is made smaller then. */
const WINDOW = { most: 1_000, spare: 100 }

/** Everything this page holds of the studio's generations, and how it comes to know: pages, events, and its own orders. */
export function createLibrary({ page, generate, unsent, nextFrame, later }: LibraryOptions) {
  let known = NO_GENERATIONS
  let reading: Reading = { first: 'loading', older: 'idle', newer: 'idle', moving: false, problem: null }
  let landing: Landing = { key: null }
  let meanwhile: Generation[] = []
  const reads = new Set<Promise<void>>()
  let moves = 0
  let reader: () => string | null = () => null
  const listeners = new Set<Listener>()
  const inbox = createInbox(receive, nextFrame)

  function keep(now: Generations, read: Partial<Reading> = {}) {
    const before = known
    const at = reader()
    known = at === null ? now : trim(now, at, WINDOW)
    reading = { ...reading, ...read }
    for (const listener of listeners) listener(known, before)
  }

  /** Events that come while a page is read are told again once it is there: it may be older than they are. */
  function receive(told: Generation[]) {
    if (reads.size > 0 || reading.first !== 'ready') meanwhile = [...meanwhile, ...told]
    if (reading.first === 'ready') keep(merge(known, told))
  }

  async function whileReading(work: () => Promise<void>): Promise<void> {
    const read = work()
    reads.add(read)
    try {
      await read
    } finally {
      reads.delete(read)
      if (reads.size === 0 && reading.first === 'ready') meanwhile = []
    }
  }

  /** Reads the first page: the newest, or the one at a place. @returns false if that place does not exist: then the newest */
  async function open(place: Place = 'newest'): Promise<boolean> {
    keep(known, { first: 'loading', problem: null })
    try {
      await whileReading(() => show(place, FIRST_PAGE))
      return true
    } catch (error) {
      const isNowhere = place !== 'newest' && !(error instanceof OutOfReach)
      if (isNowhere) await open()
      if (!isNowhere) keep(known, { first: 'failed', problem: describeProblem(error) })
      return !isNowhere
    }
  }

  /** Moves the window to another place; the last one asked for counts. @throws Refusal, OutOfReach */
  async function moveWindow(place: Place): Promise<void> {
    const move = moves + 1
    keep(known, { moving: true })
    try {
      await whileReading(() => show(place, PAGE))
    } finally {
      if (move === moves) keep(known, { moving: false })
    }
  }

  async function show(place: Place, limit: number) {
    moves += 1
    const move = moves
    const read = await readPlace(page, place, limit)
    if (move !== moves) return
    landing = landingOf(place, read.page)
    const moved = noteNewest(moveTo(known, read.page), read.newest)
    keep(merge(moved, meanwhile), { first: 'ready', older: 'idle', newer: 'idle' })
  }

  /** Reads the page beyond the oldest generation of the window; nothing if there is none or it is being read. */
  async function readOlder() {
    const query = queryBeyond(known, 'older')
    if (query && reading.older !== 'loading') await whileReading(() => readBeyond('older', query))
  }

  /** Reads the page beyond the newest generation of the window; nothing if there is none or it is being read. */
  async function readNewer() {
    const query = queryBeyond(known, 'newer')
    if (query && reading.newer !== 'loading') await whileReading(() => readBeyond('newer', query))
  }

  /** What is read for a place that the window has left meanwhile is of no use. */
  async function readBeyond(side: Side, query: Omit<PageQuery, 'limit'>) {
    const at = landing
    const add = side === 'older' ? addOlder : addNewer
    keep(known, { [side]: 'loading' })
    try {
      const read = await page({ limit: PAGE, ...query })
      if (at === landing) keep(merge(add(known, read), meanwhile), { [side]: 'idle' })
    } catch (error) {
      if (at === landing) keep(known, { [side]: 'failed', problem: describeProblem(error) })
    }
  }

  /**
   * Reads the window again where it is, after a gap in the events, and once more when everything has come that had been asked for
   * before: that, too, may be older than the gap.
   *
   * @throws Refusal, OutOfReach
   */
  async function readAgain(): Promise<void> {
    const asked = [...reads]
    if (reading.first === 'ready') await refreshWindow()
    await Promise.allSettled(asked)
    if (reading.first === 'failed') return void (await open())
    if (asked.length > 0) await refreshWindow()
  }

  /** If it comes to another place meanwhile it is read there. */
  async function refreshWindow(): Promise<void> {
    const [before, at] = [known, landing]
    await whileReading(async () => {
      const read = await readWindow(page, before)
      if (at === landing) keep(merge(refresh(known, read, before), meanwhile))
    })
    if (at !== landing) await refreshWindow()
  }

  /** Calls the listener after every change, until the function given back is called. */
  function subscribe(listener: Listener): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  /** Says who tells which row is being read, so that the window is cut elsewhere; null: that it must not be cut now. */
  function setReader(tell: () => string | null) {
    reader = tell
  }

  return {
    now: () => known,
    reading: () => reading,
    landing: () => landing,
    receive: inbox,
    ...{ open, moveWindow, readOlder, readNewer, readAgain, setReader, subscribe },
    ...createOrders({ now: () => known, keep, generate, unsent, ...(later && { later }) }),
    ...createChanges({ now: () => known, keep }),
  }
}
