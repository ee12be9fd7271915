import type { Timeline } from '@darkroom/contracts/history/timeline'
import type { Model } from '@darkroom/contracts/model'
import { type Accessor, createEffect, on, Show, untrack } from 'solid-js'
import type { FeedControl } from '../library/feed-control.ts'
import type { MediaRef } from '../lightbox/gallery.ts'
import type { FeedLocation, LocationRead, Side } from '../store/feed-location.ts'
import type { GenerationWindow } from '../store/generation-window.ts'
import type { LoadState } from '../store/window-state.ts'
import type { Clock } from '../ui/clock.ts'
import { Icon } from '../ui/icons.tsx'
import { KeyedElements } from '../ui/keyed-elements.ts'
import { lazyPart } from '../ui/lazy-part.tsx'
import type { Notices } from '../ui/notices.ts'
import { createIdlePreload } from '../ui/preload.ts'
import { FeedRow, type RowActions } from './feed-row.tsx'
import { FailurePanel } from './output-grid.tsx'
import type { Density } from './row-layout.ts'
import { createFeedView, type FeedViewStore } from './view/feed-view.ts'
import { createRenderedRows } from './view/rendered-rows.ts'
import { createSentNotice } from './view/sent-notice.ts'

/** Actions that a row offers where the page has them. */
type OptionalActions = 'again' | 'listElsewhere' | 'findParent' | 'listOutputVerbs' | 'selection' | 'onHold'

const FastScrollRows = lazyPart(
  async () => ({ default: (await import('./fast-scroll-rows.tsx')).FastScrollRows }),
  null,
)
const Scrubber = lazyPart(async () => ({ default: (await import('./scrubber/scrubber.tsx')).Scrubber }), null)

/** The part of the studio that the feed uses. */
export interface FeedStudio
  extends Pick<RowActions, 'reuse' | 'change' | 'edit' | 'copyPrompt' | 'useAsReference' | OptionalActions> {
  store: FeedViewStore & Pick<RowActions, 'resend'> & { readLocation: (location: FeedLocation) => LocationRead }
  actions: Pick<
    RowActions,
    'runAction' | 'remove' | 'setFavourite' | 'removeOutput' | 'restoreOutput' | 'restoreFromTrash'
  >
  notices: Pick<Notices, 'notify'>
  generationWindow: Accessor<GenerationWindow>
  loadState: Accessor<LoadState>
  timeline: Accessor<Timeline>
  modelsById: Accessor<ReadonlyMap<string, Model>>
  /** Undefined until the models are known. */
  hasModels: Accessor<boolean | undefined>
  clock: Clock
  coarseNow: Accessor<number>
  /** Key of the row that the lightbox was opened from. */
  openerKey: () => string | undefined
  library: { trashDays: Accessor<number | undefined> }
  goTo: (location: FeedLocation, read?: LocationRead) => void
  feedControl: { mountFeed: (control: FeedControl) => void }
}

interface FeedProps {
  studio: FeedStudio
  /** Height that the composer takes at the bottom of the page, in CSS pixels. */
  bottom: Accessor<number>
  /** Height that the header takes at the top of the page, in CSS pixels. */
  headerHeight: Accessor<number>
  density: Accessor<Density>
  isLightboxOpen: boolean
  /** Shows an output in the lightbox. */
  showMedia: (media: MediaRef) => void
}

/** All generations, oldest first, of which never more than 20 rows are rendered. */
export function Feed(props: FeedProps) {
  createIdlePreload([Scrubber, FailurePanel])
  const { store, openerKey } = props.studio
  const retainedKeys = () => [getFocusedKey(), openerKey()].filter(key => key !== undefined)
  const initial = untrack(() => ({
    bottom: props.bottom(),
    headerHeight: props.headerHeight(),
    density: props.density(),
  }))
  const view = createFeedView({ store, retainedKeys, canTrim: () => !props.isLightboxOpen, ...initial })
  const rows = createRenderedRows(view)
  const actions = collectActions(props.studio, media => props.showMedia(media))
  createSentNotice({
    generationWindow: props.studio.generationWindow,
    isAtEnd: view.isAtEnd,
    scrollToEnd: view.scrollToEnd,
    now: props.studio.clock.now,
    notify: props.studio.notices.notify,
  })
  const isComplete = () =>
    props.studio.generationWindow().older === 'end' && props.studio.generationWindow().newer === 'end'
  const isBusy = () => {
    const { older, newer, isMoving } = props.studio.loadState()
    return older === 'loading' || newer === 'loading' || isMoving
  }
  props.studio.feedControl.mountFeed(view)

  // The layout changes outside of reactive computations only: see createFeedView.
  createEffect(on(props.bottom, pixels => queueMicrotask(() => view.setBottom(pixels)), { defer: true }))
  createEffect(on(props.headerHeight, pixels => queueMicrotask(() => view.setHeaderHeight(pixels)), { defer: true }))
  createEffect(on(props.density, density => queueMicrotask(() => view.setDensity(density)), { defer: true }))

  return (
    <>
      <section
        ref={view.mountSizer}
        class="feed"
        role="feed"
        aria-label="Everything made here"
        aria-busy={isBusy()}
        data-models={props.studio.hasModels() === undefined ? 'unknown' : 'known'}
      >
        <WindowEdge side="older" state={props.studio.loadState()} onLoad={store.loadOlder} />
        <KeyedElements keys={rows.keys()}>
          {key => (
            <FeedRow
              key={key}
              view={view}
              position={() => rows.positionOf(key)}
              setSize={() => (isComplete() ? view.feedLayout().rows.length : -1)}
              models={props.studio.modelsById}
              clock={props.studio.clock}
              coarseNow={props.studio.coarseNow}
              actions={actions}
            />
          )}
        </KeyedElements>
        <FastScrollRows feedLayout={view.feedLayout} positions={rows.fastScrollPositions} />
        <WindowEdge side="newer" state={props.studio.loadState()} onLoad={store.loadNewer} />
      </section>
      <Show when={props.studio.timeline().days.length > 1}>
        <Scrubber
          timeline={props.studio.timeline()}
          feedLayout={view.feedLayout}
          anchorKey={view.anchorKey}
          readLocation={store.readLocation}
          goTo={props.studio.goTo}
        />
      </Show>
      <ToEndButton unseen={view.unseen()} isAway={view.isAway()} onClick={view.scrollToEnd} />
    </>
  )
}

function collectActions(studio: FeedStudio, showMedia: RowActions['showMedia']): RowActions {
  const { runAction, remove, setFavourite, removeOutput, restoreOutput, restoreFromTrash } = studio.actions
  const { reuse, change, edit, copyPrompt, useAsReference } = studio
  const { again, listElsewhere, findParent, listOutputVerbs, selection, onHold } = studio
  return {
    ...{ runAction, remove, setFavourite, removeOutput, restoreOutput, restoreFromTrash },
    ...{ reuse, change, edit, copyPrompt, useAsReference },
    ...{ again, listElsewhere, findParent, listOutputVerbs, selection, onHold },
    resend: studio.store.resend,
    trashDays: studio.library.trashDays,
    showMedia,
  }
}

function getFocusedKey(): string | undefined {
  return document.activeElement?.closest<HTMLElement>('article')?.dataset.key
}

/** The button that scrolls to the newest row, shown while it is out of view. */
function ToEndButton(props: { unseen: number; isAway: boolean; onClick: () => void }) {
  return (
    <Show when={props.unseen > 0 || props.isAway}>
      <button type="button" class="to-end" data-new={props.unseen > 0} onClick={props.onClick}>
        {props.unseen > 0 ? `${props.unseen} new` : 'Latest'}
        <Icon name="down" />
      </button>
    </Show>
  )
}

/** The message at an end of the window while more rows are read, or could not be read. */
function WindowEdge(props: { side: Side; state: LoadState; onLoad: () => void }) {
  const label = () => (props.side === 'older' ? 'earlier pictures' : 'later pictures')
  return (
    <div class="beyond" data-side={props.side}>
      <Show when={props.state[props.side] === 'loading'}>
        <p class="late-notice">Loading {label()}…</p>
      </Show>
      <Show when={props.state[props.side] === 'failed'}>
        <p>{props.state.problem}</p>
        <button type="button" class="quiet" onClick={() => props.onLoad()}>
          Load {label()}
        </button>
      </Show>
    </div>
  )
}
