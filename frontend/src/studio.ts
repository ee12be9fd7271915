import { onMount } from 'solid-js'
import { createAnnouncement } from './announcement.ts'
import type { Api } from './api.ts'
import { createComposerState } from './composer/composer-state.ts'
import { createPromptFocus } from './composer/prompt-focus.ts'
import { createReuseActions } from './composer/reuse-actions.ts'
import { createTimeline } from './feed/scrubber/timeline.ts'
import { createFeedNavigation } from './feed-navigation.ts'
import { createShownMedia } from './lightbox/shown-media.ts'
import { createConnectionEvents } from './live/connection-events.ts'
import type { LiveHandlers } from './live/live.ts'
import { createLiveSync } from './live/live-sync.ts'
import { createPartsStatus } from './live/parts-status.ts'
import { createModelList } from './model-list.ts'
import type { FeedLocation } from './store/feed-location.ts'
import { createGenerationActions } from './store/generation-actions.ts'
import type { GenerationStore } from './store/generation-store.ts'
import type { OutboxStore } from './store/outbox-store.ts'
import { createStoreSignals } from './store-signals.ts'
import type { Clock } from './ui/clock.ts'
import { createCoarseClock } from './ui/coarse-clock.ts'
import { createNotices } from './ui/notices.ts'

export interface StudioOptions {
  api: Api
  store: GenerationStore
  outbox: OutboxStore
  clock: Clock
  /** Subscribes to the studio's live events. @returns ends the subscription */
  subscribe: (handlers: LiveHandlers) => () => void
  /** Location in the feed at which it opens. */
  initialLocation: FeedLocation
}

/** Creates the page's state and every action on it. A component gets the part that it uses: see `page.tsx`. */
export function createStudio({ api, store, outbox, clock, subscribe, initialLocation }: StudioOptions) {
  const notices = createNotices()
  const { notify } = notices
  const { models, hasModels, modelsById, refresh: refreshModels } = createModelList(api)
  const { mountPrompt, focusPrompt } = createPromptFocus()
  const { shownMedia, showMedia, openerKey } = createShownMedia()
  const { parts, check: checkParts } = createPartsStatus({
    fetchParts: api.fetchParts,
    store,
    onIngestBack: () => sendWaiting(),
  })
  const onUnavailable = () => void checkParts()
  const actions = createGenerationActions({ api, store, notify, onUnavailable })
  const composer = createComposerState({ store, outbox, models, clock, notify, onUnavailable })
  const connectionEvents = createConnectionEvents()
  const onModels = () => {
    refreshModels()
    connectionEvents.emit()
  }
  const sendWaiting = () => {
    composer.attachments.sendWaiting()
    void store.sendQueued()
  }
  const reuseActions = createReuseActions({ composer, store, notify, focusPrompt })
  const { openFirst, goTo } = createFeedNavigation({ store, notify, initialLocation, onOpen: composer.resumeOutbox })
  const liveStatus = createLiveSync({
    ...{ store, subscribe, openFirst, sendWaiting },
    onReconnect: () => {
      void checkParts()
      // Events of connections and models are not replayed after a break.
      onModels()
    },
    onConnection: connectionEvents.emit,
    onModels,
  })
  const timeline = createTimeline({ api, store })
  const { generationWindow, loadState } = createStoreSignals(store)
  const announcement = createAnnouncement(store)
  onMount(refreshModels)

  return {
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
    goTo,
    timeline,
    ...reuseActions,
    focusPrompt,
    mountPrompt,
  }
}
