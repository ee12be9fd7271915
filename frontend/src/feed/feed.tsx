import { type Accessor, createEffect, createMemo, For, on, Show, untrack } from 'solid-js'
import { createAddressBar } from '../address-bar.ts'
import type { Side } from '../store/feed-location.ts'
import type { Studio } from '../studio.ts'
import { Icon } from '../ui/icons.tsx'
import { Passing } from './fast-scroll-rows.tsx'
import { Article } from './feed-row.tsx'
import { createFeedView } from './feed-view.ts'
import type { Density } from './row-layout.ts'
import { Scrubber } from './scrubber/scrubber.tsx'

/** Everything that was made, oldest first, as a window on it that never holds more than 20 rows. */
export function Feed(props: { studio: Studio; bottom: Accessor<number>; density: Accessor<Density> }) {
  const { library, openedFrom } = props.studio
  const focused = () => document.activeElement?.closest<HTMLElement>('article')?.dataset.key
  const held = () => [focused(), openedFrom()].filter(key => key !== undefined)
  const first = untrack(() => ({ bottom: props.bottom(), density: props.density() }))
  const view = createFeedView({ library, held, mayCut: () => props.studio.picture() === null, ...first })
  // Rows that are flown past are not made whole; what else there is to them follows in calm.
  const keys = createMemo<string[]>(
    before => {
      const near = view.places().map(place => place.key)
      return view.isFast() ? near.filter(key => before.includes(key)) : near
    },
    [],
    { equals: isSameList },
  )
  const passing = createMemo(() => view.places().filter(({ key }) => !keys().includes(key)))
  const placeOf = createMemo(() => new Map(view.places().map(place => [place.key, place])))
  const isComplete = () => props.studio.known().older === 'end' && props.studio.known().newer === 'end'

  const isBusy = () => {
    const { older, newer, moving } = props.studio.reading()
    return older === 'loading' || newer === 'loading' || moving
  }
  const hasDays = () => props.studio.timeline().days.length > 1
  createAddressBar({ readerAt, goTo: props.studio.goTo })

  function readerAt() {
    const point = view.readerAt()
    const row = point && library.now().byKey.get(point.key)
    return row?.delivery === null ? { id: row.generation.id, share: point?.share ?? 0 } : null
  }

  // The feed changes outside of reactive computations only: see feed-view.ts.
  createEffect(on(props.bottom, pixels => queueMicrotask(() => view.setBottom(pixels)), { defer: true }))
  createEffect(on(props.density, density => queueMicrotask(() => view.setDensity(density)), { defer: true }))

  return (
    <>
      <section ref={view.mountSizer} class="feed" role="feed" aria-label="Everything made here" aria-busy={isBusy()}>
        <Beyond studio={props.studio} side="older" />
        <For each={keys()}>
          {key => (
            <Article
              studio={props.studio}
              view={view}
              key={key}
              place={() => placeOf().get(key)}
              setSize={() => (isComplete() ? view.frame().rows.length : -1)}
            />
          )}
        </For>
        <Passing view={view} places={passing} />
        <Beyond studio={props.studio} side="newer" />
      </section>
      <Show when={hasDays()}>
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
function Beyond(props: { studio: Studio; side: Side }) {
  const state = () => props.studio.reading()[props.side]
  const words = () => (props.side === 'older' ? 'earlier pictures' : 'later pictures')
  const read = () => {
    const { readOlder, readNewer } = props.studio.library
    void (props.side === 'older' ? readOlder() : readNewer())
  }
  return (
    <div class="beyond" data-side={props.side}>
      <Show when={state() === 'loading'}>
        <p class="late-notice">Loading {words()}…</p>
      </Show>
      <Show when={state() === 'failed'}>
        <p>{props.studio.reading().problem}</p>
        <button type="button" class="quiet" onClick={read}>
          Load {words()}
        </button>
      </Show>
    </div>
  )
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((key, index) => key === b[index])
}
