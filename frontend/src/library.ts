import type { Generation, GenerationPage, Submission } from '@darkroom/contracts/generation'
import { describeProblem, OutOfReach } from './api.ts'
import {
  addPage,
  addSent,
  type Delivery,
  deliver,
  foresee,
  type Generations,
  hide,
  joins,
  merge,
  NO_GENERATIONS,
  refresh,
  unhide,
  withdraw,
} from './generations.ts'
import { createInbox } from './inbox.ts'

/** Something to make: what it looks like until the studio answers, and what the studio is told once its references are there. */
export interface Order {
  generation: Generation
  submission: () => Promise<Submission>
  /** Called once the studio has answered or the order was taken back: nothing that only this page has is shown any more. */
  onDone: () => void
}

/** How far reading has come, for the page to say so. */
export interface Reading {
  first: 'loading' | 'ready' | 'failed'
  older: 'idle' | 'loading' | 'failed'
  problem: string | null
}

export type Listener = (now: Generations, before: Generations) => void

export interface LibraryOptions {
  page: (query: { limit: number; cursor?: string }) => Promise<GenerationPage>
  generate: (submission: Submission) => Promise<Generation>
  nextFrame?: (callback: () => void) => void
}

export type Library = ReturnType<typeof createLibrary>

const PAGE = 50
const PAGE_AGAIN = 100
const PAGES_AGAIN = 20

/** Everything this page knows of the studio's generations, and how it comes to know: pages, events, and its own orders. */
export function createLibrary({ page, generate, nextFrame }: LibraryOptions) {
  let known = NO_GENERATIONS
  let reading: Reading = { first: 'loading', older: 'idle', problem: null }
  let early: Generation[] = []
  const orders = new Map<string, Order>()
  const listeners = new Set<Listener>()
  const inbox = createInbox(receive, nextFrame)

  function keep(now: Generations, read: Partial<Reading> = {}) {
    const before = known
    known = now
    reading = { ...reading, ...read }
    for (const listener of listeners) listener(now, before)
  }

  /** Events that come before the first page wait for it: only then is known what lies within the run. */
  function receive(told: Generation[]) {
    if (reading.first !== 'ready') early = [...early, ...told]
    if (reading.first === 'ready') keep(merge(known, told))
  }

  /** Reads the newest page. */
  async function open() {
    keep(known, { first: 'loading', problem: null })
    try {
      const read = await page({ limit: PAGE })
      const told = early
      early = []
      keep(merge(addPage(known, read.generations, read.nextCursor), told), { first: 'ready' })
    } catch (error) {
      keep(known, { first: 'failed', problem: describeProblem(error) })
    }
  }

  /** Reads the page before the oldest generation known; nothing if there is none or it is being read. */
  async function readOlder() {
    if (typeof known.older !== 'string' || reading.older === 'loading') return
    keep(known, { older: 'loading' })
    try {
      const read = await page({ limit: PAGE, cursor: known.older })
      keep(addPage(known, read.generations, read.nextCursor), { older: 'idle' })
    } catch (error) {
      keep(known, { older: 'failed', problem: describeProblem(error) })
    }
  }

  /** Reads everything shown again, after a gap in the events. @throws Refusal, OutOfReach */
  async function readAgain() {
    if (reading.first === 'loading') return
    if (reading.first === 'failed') return await open()
    const { generations, cursor } = await readBack(known)
    keep(refresh(known, generations, cursor))
  }

  async function readBack(to: Generations) {
    let generations: Generation[] = []
    let cursor: string | null = null
    for (let read = 0; read < PAGES_AGAIN; read += 1) {
      const next: GenerationPage = await page({ limit: PAGE_AGAIN, ...(cursor !== null && { cursor }) })
      generations = [...generations, ...next.generations]
      cursor = next.nextCursor
      if (cursor === null || (generations.length >= to.rows.length && joins(to, generations))) break
    }
    return { generations, cursor }
  }

  /** Shows an order at once and sends it. */
  async function send(order: Order) {
    orders.set(order.generation.clientId, order)
    keep(addSent(known, order.generation))
    await post(order)
  }

  /** Sends an order once more, under the same `clientId`: however often it arrives, it is one generation. */
  async function sendAgain(key: string) {
    const order = orders.get(key)
    if (!order) return
    keep(deliver(known, key, { state: 'sending' }))
    await post(order)
  }

  async function post(order: Order) {
    try {
      const generation = await generate(await order.submission())
      orders.delete(generation.clientId)
      keep(merge(known, [generation]))
      order.onDone()
    } catch (error) {
      keep(deliver(known, order.generation.clientId, fateOf(error)))
    }
  }

  /** Sends what waits for the studio to be in reach. */
  async function sendWaiting() {
    const waiting = known.rows.filter(row => row.delivery?.state === 'waiting')
    await Promise.all(waiting.map(row => sendAgain(row.key)))
  }

  /** Takes an order back that has not reached the studio. */
  function takeBack(key: string) {
    keep(withdraw(known, key))
    orders.get(key)?.onDone()
    orders.delete(key)
  }

  /** Shows a change at once while the studio is asked for it, and takes it back if it is not made. @throws what `ask` throws */
  async function changing(key: string, change: (generation: Generation) => Generation, ask: () => Promise<Generation>) {
    const before = known.byKey.get(key)?.generation
    keep(foresee(known, key, change))
    const shown = known.byKey.get(key)
    try {
      keep(merge(known, [await ask()]))
    } catch (error) {
      if (before && known.byKey.get(key) === shown) keep(foresee(known, key, () => before))
      throw error
    }
  }

  /** Takes a row away at once while the studio deletes its generation, and puts it back if it does not. @throws what `ask` throws */
  async function removing(key: string, ask: () => Promise<void>) {
    const row = known.byKey.get(key)
    if (!row) return
    keep(hide(known, key))
    try {
      await ask()
      keep(unhide(known, key, row.generation.version))
    } catch (error) {
      keep(unhide(known, key, row))
      throw error
    }
  }

  /** Calls the listener after every change, until the function given back is called. */
  function subscribe(listener: Listener): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  return {
    now: () => known,
    reading: () => reading,
    receive: inbox,
    ...{ open, readOlder, readAgain, send, sendAgain, sendWaiting, takeBack, changing, removing, subscribe },
  }
}

function fateOf(error: unknown): Delivery {
  if (error instanceof OutOfReach) return { state: 'waiting' }
  return { state: 'refused', problem: describeProblem(error) }
}
