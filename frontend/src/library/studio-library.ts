import type { Accessor } from 'solid-js'
import type { FeedAddress } from '../address.ts'
import type { Api } from '../api.ts'
import { createTimeline } from '../feed/scrubber/timeline.ts'
import { createFeedNavigation } from '../feed-navigation.ts'
import type { GenerationStore } from '../store/generation-store.ts'
import type { GenerationWindow } from '../store/generation-window.ts'
import type { NoticeAction } from '../ui/notices.ts'
import { createFeedControl } from './feed-control.ts'
import { createLibrary } from './library-state.ts'
import { ALL_GENERATIONS, toListParameters } from './list-query.ts'
import { createSelection } from './selection/create-selection.ts'
import { createSelectionControl } from './selection/selection-control.ts'
import { withSentNotice } from './sent-notice.ts'

export interface StudioLibraryOptions {
  api: Pick<Api, 'fetchPage' | 'fetchCount' | 'fetchTimeline'>
  store: GenerationStore
  generationWindow: Accessor<GenerationWindow>
  notify: (message: string, action?: NoticeAction) => void
  initialAddress: FeedAddress
  /** Called once, after the first page has been opened for the first time. */
  onOpen: () => Promise<void>
}

/** Creates the lists of the studio: the one that the address names, the ways to others, and what is selected in it. */
export function createStudioLibrary(options: StudioLibraryOptions) {
  const { api, store, generationWindow, notify, initialAddress, onOpen } = options
  const feedControl = createFeedControl()
  const navigation = createFeedNavigation({ store, feedControl, notify, initialAddress, onOpen })
  const { openFirst, goTo, readUnread, query, showList, writeAddress } = navigation
  const { timeline, total } = createTimeline({ api, store })
  const library = createLibrary({
    ...{ query, showList, total },
    fetchCount: list => api.fetchCount(toListParameters(list)),
    subscribe: store.subscribe,
  })
  const selection = createSelection({ generationWindow, query, fetchPage: api.fetchPage })
  const showFeed = () => showList(ALL_GENERATIONS, 'newest')
  const send = withSentNotice({ send: store.send, query, notify, showFeed })
  const selectionControl = createSelectionControl()
  return {
    openFirst,
    goTo,
    readUnread,
    writeAddress,
    feedControl,
    library,
    selection,
    selectionControl,
    timeline,
    send,
  }
}
