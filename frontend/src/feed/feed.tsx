import type { Timeline } from '@darkroom/contracts/history/timeline'
import type { Model } from '@darkroom/contracts/model'
import { type Accessor, createEffect, For, on, Show, untrack } from 'solid-js'
import { createAddressBar } from '../address-bar.ts'
import type { MediaRef } from '../lightbox/gallery.ts'
import type { FeedLocation, Side } from '../store/feed-location.ts'
import type { GenerationWindow } from '../store/generation-window.ts'
import type { LoadState } from '../store/window-state.ts'
import type { Clock } from '../ui/clock.ts'
import { Icon } from '../ui/icons.tsx'
import { FastScrollRows } from './fast-scroll-rows.tsx'
import { FeedRow, type RowActions } from './feed-row.tsx'
import type { Density } from './row-layout.ts'
import { Scrubber } from './scrubber/scrubber.tsx'
import { createFeedView, type FeedView, type FeedViewStore } from './view/feed-view.ts'
import { createRenderedRows } from './view/rendered-rows.ts'

/** The part of the studio that the feed uses. */
export interface FeedStudio extends Pick<RowActions, 'reuse' | 'change' | 'edit' | 'copyPrompt' | 'useAsReference'> {
  store: FeedViewStore & Pick<RowActions, 'resend'>
  actions: Pick<RowActions, 'runAction' | 'remove' | 'setFavourite'>
  generationWindow: Accessor<GenerationWindow>
  loadState: Accessor<LoadState>
  timeline: Accessor<Timeline>
  modelsById: Accessor<ReadonlyMap<string, Model>>
  clock: Clock
  coarseNow: Accessor<number>
  /** Key of the row that the lightbox was opened from. */
  openerKey: () => string | undefined
  goTo: (location: FeedLocation) => void
}

interface FeedProps {
  studio: FeedStudio
  /** Height that the composer takes at the bottom of the page, in CSS pixels. */
  bottom: Accessor<number>
  density: Accessor<Density>
  isLightboxOpen: boolean
  /** Shows an output in the lightbox. */
  showMedia: (media: MediaRef) => void
}

/** All generations, oldest first, of which never more than 20 rows are rendered. */
export function Feed(props: FeedProps) {
  const { store, actions: acting, openerKey, reuse, change, edit, copyPrompt, useAsReference } = props.studio
  const retainedKeys = () => [getFocusedKey(), openerKey()].filter(key => key !== undefined)
  const initial = untrack(() => ({ bottom: props.bottom(), density: props.density() }))
  const view = createFeedView({ store, retainedKeys, canTrim: () => !props.isLightboxOpen, ...initial })
  const rows = createRenderedRows(view)
  const { runAction, remove, setFavourite } = acting
  const actions: RowActions = {
    runAction,
    remove,
    setFavourite,
    reuse,
    change,
    edit,
    copyPrompt,
    useAsReference,
    resend: store.resend,
    showMedia: media => props.showMedia(media),
  }
  const isComplete = () =>
    props.studio.generationWindow().older === 'end' && props.studio.generationWindow().newer === 'end'
  const isBusy = () => {
    const { older, newer, isMoving } = props.studio.loadState()
    return older === 'loading' || newer === 'loading' || isMoving
  }
  createAddressBar({ currentPosition: () => toSavedPosition(view, store.current()), goTo: props.studio.goTo })

  // The layout changes outside of reactive computations only: see createFeedView.
  createEffect(on(props.bottom, pixels => queueMicrotask(() => view.setBottom(pixels)), { defer: true }))
  createEffect(on(props.density, density => queueMicrotask(() => view.setDensity(density)), { defer: true }))

  return (
    <>
      <section ref={view.mountSizer} class="feed" role="feed" aria-label="Everything made here" aria-busy={isBusy()}>
        <WindowEdge side="older" state={props.studio.loadState()} onLoad={store.loadOlder} />
        <For each={rows.keys()}>
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
        </For>
        <FastScrollRows feedLayout={view.feedLayout} positions={rows.fastScrollPositions} />
        <WindowEdge side="newer" state={props.studio.loadState()} onLoad={store.loadNewer} />
      </section>
      <Show when={props.studio.timeline().days.length > 1}>
        <Scrubber
          timeline={props.studio.timeline()}
          feedLayout={view.feedLayout}
          anchorKey={view.anchorKey}
          goTo={props.studio.goTo}
        />
      </Show>
      <ToEndButton unseen={view.unseen()} isAway={view.isAway()} onClick={view.scrollToEnd} />
    </>
  )
}

function getFocusedKey(): string | undefined {
  return document.activeElement?.closest<HTMLElement>('article')?.dataset.key
}

/** Returns the scroll position as the address bar stores it; null at the end, or at a row that the studio has not confirmed. */
function toSavedPosition(view: FeedView, { byKey }: GenerationWindow) {
  const position = view.currentPosition()
  const row = position && byKey.get(position.key)
  return row?.delivery === null ? { id: row.generation.id, share: position?.share ?? 0 } : null
}

/** The button that scrolls to the newest row, shown while it is out of view. */
function ToEndButton(props: { unseen: number; isAway: boolean; onClick: () => void }) {
  return (
    <Show when={props.unseen > 0 || props.isAway}>
      <button type="button" class="to-end" data-new={props.unseen > 0} onClick={props.onClick}>
        <Icon name="down" />
        {props.unseen > 0 ? `${props.unseen} new` : 'Latest'}
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
