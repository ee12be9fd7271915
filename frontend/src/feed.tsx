import { type Accessor, createEffect, createMemo, For, on, Show } from 'solid-js'
import { Article } from './article.tsx'
import { createFeedView } from './feed-view.ts'
import { Icon } from './icons.tsx'
import type { Studio } from './studio.ts'

/** Everything that was made, oldest first, as a window on it that never holds more than 20 rows. */
export function Feed(props: { studio: Studio; bottom: Accessor<number> }) {
  const { library, openedFrom } = props.studio
  const focused = () => document.activeElement?.closest<HTMLElement>('article')?.dataset.key
  const held = () => [focused(), openedFrom()].filter(key => key !== undefined)
  const view = createFeedView({ library, held, bottom: props.bottom() })
  const keys = createMemo(() => view.places().map(place => place.key), [], { equals: isSameList })
  const placeOf = createMemo(() => new Map(view.places().map(place => [place.key, place])))
  const isComplete = () => props.studio.known().older === null

  // The feed changes outside of reactive computations only: see feed-view.ts.
  createEffect(on(props.bottom, pixels => queueMicrotask(() => view.setBottom(pixels)), { defer: true }))

  return (
    <>
      <section
        ref={view.mountSizer}
        class="feed"
        role="feed"
        aria-label="Everything made here"
        aria-busy={props.studio.reading().older === 'loading'}
      >
        <Older studio={props.studio} />
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
      </section>
      <Show when={view.unseen() > 0 || view.isAway()}>
        <button type="button" class="to-end" data-new={view.unseen() > 0} onClick={view.toEnd}>
          <Icon name="down" />
          {view.unseen() > 0 ? `${view.unseen()} new` : 'Latest'}
        </button>
      </Show>
    </>
  )
}

function Older(props: { studio: Studio }) {
  const reading = () => props.studio.reading()
  return (
    <div class="older">
      <Show when={reading().older === 'loading'}>
        <p class="late-notice">Loading earlier pictures…</p>
      </Show>
      <Show when={reading().older === 'failed'}>
        <p>{reading().problem}</p>
        <button type="button" class="quiet" onClick={() => void props.studio.library.readOlder()}>
          Load earlier pictures
        </button>
      </Show>
    </div>
  )
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((key, index) => key === b[index])
}
