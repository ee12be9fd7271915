import { onMount } from 'solid-js'
import type { FeedAddress } from './address.ts'
import { createAnnouncement } from './announcement.ts'
import type { Api } from './api.ts'
import { createComposerState } from './composer/composer-state.ts'
import { createPromptFocus } from './composer/prompt-focus.ts'
import { createReuseActions } from './composer/reuse-actions.ts'
import { createActionsLoader } from './generation-actions-loader.ts'
import { createStudioLibrary } from './library/studio-library.ts'
import { createShownMedia } from './lightbox/shown-media.ts'
import { createConnectionEvents } from './live/connection-events.ts'
import type { TabHandlers } from './live/live.ts'
import { createLiveSync } from './live/live-sync.ts'
import { createPartsStatus } from './live/parts-status.ts'
import { createModelList } from './model-list.ts'
import type { GenerationStore } from './store/generation-store.ts'
import type { OutboxStore } from './store/outbox-store.ts'
import { createStoreSignals } from './store-signals.ts'
import type { Clock } from './ui/clock.ts'
import { createCoarseClock } from './ui/coarse-clock.ts'
import { createNotices } from './ui/notices.ts'
import { createVerbsLoader } from './verbs/verbs-loader.ts'

export interface StudioOptions {
  api: Api
  store: GenerationStore
  outbox: OutboxStore
  clock: Clock
  /** Subscribes to the studio's live events. @returns ends the subscription */
  subscribe: (handlers: TabHandlers) => () => void
  /** The list that the page opens with, and the location in it. */
  initialAddress: FeedAddress
}

export type Studio = ReturnType<typeof createStudio>

/** Creates the page's state and every action on it. A component gets the part that it uses: see `page.tsx`. */
export function createStudio({ api, store, outbox, clock, subscribe, initialAddress }: StudioOptions) {
  const notices = createNotices()
  const { notify, runRevertible } = notices
  const { models, hasModels, modelsById, refresh: refreshModels } = createModelList(api)
  const { mountPrompt, focusPrompt } = createPromptFocus()
  const { shownMedia, showMedia, openerKey } = createShownMedia()
  const { parts, check: checkParts } = createPartsStatus({
    fetchParts: api.fetchParts,
    store,
    onIngestBack: () => sendWaiting(),
  })
  const onUnavailable = () => void checkParts()
  const actions = createActionsLoader({ api, store, notify, runRevertible, onUnavailable })
  const { generationWindow, loadState } = createStoreSignals(store)
  const { openFirst, readUnread, send, ...lists } = createStudioLibrary({
    ...{ api, store, generationWindow, notify, initialAddress },
    onOpen: () => composer.resumeOutbox(),
  })
  const composer = createComposerState({
    ...{ store: { ...store, send }, outbox, models, hasModels },
    ...{ clock, notify, onUnavailable },
  })
  const connectionEvents = createConnectionEvents()
  const onModels = () => {
    refreshModels()
    connectionEvents.emit()
  }
  const sendWaiting = () => {
    composer.attachments.sendWaiting()
    void store.sendQueued()
    readUnread()
  }
  const reuseActions = createReuseActions({ composer, store, notify, focusPrompt })
  const verbs = createVerbsLoader({
    ...{ store: { ...store, send }, clock, models, modelsById, generationWindow, composer, focusPrompt, notify },
    closeLightbox: () => showMedia(null),
  })
  const liveStatus = createLiveSync({
    ...{ store, subscribe, openFirst, sendWaiting },
    onGeneration: verbs.receive,
    onReconnect: () => {
      void checkParts()
      // Events of connections and models are not replayed after a break.
      onModels()
    },
    onConnection: connectionEvents.emit,
    onModels,
  })
  const announcement = createAnnouncement(store)
  onMount(refreshModels)

  return {
    api,
    store,
    clock,
    composer,
    liveStatus,
    connectionEvents,
    parts,
    models,
    hasModels,
    modelsById,
    refreshModels,
    generationWindow,
    loadState,
    notices,
    actions,
    coarseNow: createCoarseClock(clock),
    announcement,
    shownMedia,
    showMedia,
    openerKey,
    openFirst: () => void openFirst(),
    ...lists,
    ...verbs,
    ...reuseActions,
    focusPrompt,
    mountPrompt,
  }
}
