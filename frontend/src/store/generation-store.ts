import type { Generation, Submission } from '@darkroom/contracts/generation'
import { createFrameBatcher } from '../live/frame-batcher.ts'
import { createEventBuffer } from './event-buffer.ts'
import type { FetchPage } from './feed-location.ts'
import { createMatchLookup } from './match-lookup.ts'
import { mergeFound } from './merge.ts'
import { createOptimisticUpdates } from './optimistic.ts'
import type { OutboxStore } from './outbox-store.ts'
import { createPageLoader } from './page-loader.ts'
import { createSubmissionQueue } from './submission-queue.ts'
import { createWindowMoves } from './window-moves.ts'
import { createWindowReload } from './window-reload.ts'
import { createWindowState } from './window-state.ts'

export interface GenerationStoreOptions {
  fetchPage: FetchPage
  generate: (submission: Submission) => Promise<Generation>
  /** Stores submissions until the studio has answered. */
  outbox: OutboxStore
  nextFrame?: (callback: () => void) => void
  /** Runs a callback after a number of milliseconds. */
  setTimer?: (callback: () => void, ms: number) => void
}

export type GenerationStore = ReturnType<typeof createGenerationStore>

/** Creates the generations that this page has loaded: a window that is fed by pages, events and this page's own submissions. */
export function createGenerationStore({ fetchPage, generate, outbox, nextFrame, setTimer }: GenerationStoreOptions) {
  const state = createWindowState()
  const events = createEventBuffer({ state })
  const moves = createWindowMoves({ state, events, fetchPage })
  const { scrollTarget, open } = moves
  const { current, loadState, commit, subscribe, setTrimAnchor } = state
  const onMatch = (generation: Generation) => commit(mergeFound(current(), [generation]))
  const lookUpMatches = createMatchLookup({ current, fetchPage, onMatch })
  const receive = (generations: Generation[]) => {
    events.receive(generations)
    lookUpMatches(generations)
  }
  return {
    current,
    loadState,
    subscribe,
    setTrimAnchor,
    receive: createFrameBatcher(receive, nextFrame),
    drop: events.drop,
    ...moves,
    ...createPageLoader({ state, events, fetchPage, scrollTarget }),
    ...createWindowReload({ state, events, fetchPage, scrollTarget, open }),
    ...createSubmissionQueue({ current, commit, generate, outbox, ...(setTimer && { setTimer }) }),
    ...createOptimisticUpdates({ current, commit }),
  }
}
