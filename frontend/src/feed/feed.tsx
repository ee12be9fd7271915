import { type Accessor, createEffect, createMemo, For, on, Show, untrack } from 'solid-js'
import { createAddressBar } from '../address-bar.ts'
import type { Side } from '../store/feed-location.ts'
import type { Studio } from '../studio.ts'
import { Icon } from '../ui/icons.tsx'
import { FastScrollRows } from './fast-scroll-rows.tsx'
import { FeedRow } from './feed-row.tsx'
import type { Density } from './row-layout.ts'
import { Scrubber } from './scrubber/scrubber.tsx'
import { createFeedView } from './view/feed-view.ts'

/** Everything that was made, oldest first, as a window on it that never holds more than 20 rows. */
export function Feed(props: { studio: Studio; bottom: Accessor<number>; density: Accessor<Density> }) {
  const { library: store, openerKey } = props.studio
  const getFocusedKey = () => document.activeElement?.closest<HTMLElement>('article')?.dataset.key
  const retainedKeys = () => [getFocusedKey(), openerKey()].filter(key => key !== undefined)
  const first = untrack(() => ({ bottom: props.bottom(), density: props.density() }))
  const view = createFeedView({ store, retainedKeys, canTrim: () => props.studio.picture() === null, ...first })
  // Rows that are flown past are not made whole; what else there is to them follows in calm.
  const keys = createMemo<string[]>(
    before => {
      const near = view.places().map(position => position.key)
      return view.isFastScrolling() ? near.filter(key => before.includes(key)) : near
    },
    [],
    { equals: isSameList },
  )
  const fastScrollRows = createMemo(() => view.places().filter(({ key }) => !keys().includes(key)))
  const positionByKey = createMemo(() => new Map(view.places().map(position => [position.key, position])))
  const isComplete = () => props.studio.known().older === 'end' && props.studio.known().newer === 'end'

  const isBusy = () => {
    const { older, newer, isMoving } = props.studio.reading()
    return older === 'loading' || newer === 'loading' || isMoving
  }
  const hasScrubber = () => props.studio.timeline().days.length > 1
  createAddressBar({ currentPosition, goTo: props.studio.goTo })

  function currentPosition() {
    const position = view.readerAt()
    const row = position && store.current().byKey.get(position.key)
    return row?.delivery === null ? { id: row.generation.id, share: position?.share ?? 0 } : null
  }

  // The feed changes outside of reactive computations only: see feed-view.ts.
  createEffect(on(props.bottom, pixels => queueMicrotask(() => view.setBottom(pixels)), { defer: true }))
  createEffect(on(props.density, density => queueMicrotask(() => view.setDensity(density)), { defer: true }))

  return (
    <>
      <section ref={view.mountSizer} class="feed" role="feed" aria-label="Everything made here" aria-busy={isBusy()}>
        <WindowEdge studio={props.studio} side="older" />
        <For each={keys()}>
          {key => (
            <FeedRow
              studio={props.studio}
              view={view}
              key={key}
              position={() => positionByKey().get(key)}
              setSize={() => (isComplete() ? view.frame().rows.length : -1)}
            />
          )}
        </For>
        <FastScrollRows view={view} positions={fastScrollRows} />
        <WindowEdge studio={props.studio} side="newer" />
      </section>
      <Show when={hasScrubber()}>
        <Scrubber studio={props.studio} view={view} timeline={props.studio.timeline()} />
      </Show>
      <Show when={view.unseen() > 0 || view.isAway()}>
        <button type="button" class="to-end" data-new={view.unseen() > 0} onClick={view.toEnd}>
          <Icon name="down" />
          {view.unseen() > 0 ? `${view.unseen()} new` : 'Latest'}
        </button>
      </Show>
    </>
  )
}

/** What is said at an end of the window behind which there is more. */
function WindowEdge(props: { studio: Studio; side: Side }) {
  const state = () => props.studio.reading()[props.side]
  const label = () => (props.side === 'older' ? 'earlier pictures' : 'later pictures')
  const load = () => {
    const { readOlder: loadOlder, readNewer: loadNewer } = props.studio.library
    void (props.side === 'older' ? loadOlder() : loadNewer())
  }
  return (
    <div class="beyond" data-side={props.side}>
      <Show when={state() === 'loading'}>
        <p class="late-notice">Loading {label()}…</p>
      </Show>
      <Show when={state() === 'failed'}>
        <p>{props.studio.reading().problem}</p>
        <button type="button" class="quiet" onClick={load}>
          Load {label()}
        </button>
      </Show>
    </div>
  )
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((key, index) => key === b[index])
}
