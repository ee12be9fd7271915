import { type Accessor, createMemo } from 'solid-js'
import type { Studio } from '../studio.ts'
import type { FeedView } from './feed-view.ts'
import { Note } from './generation-meta.tsx'
import { Pictures } from './output-grid.tsx'
import type { RowPlace } from './row-virtualizer.ts'

export interface ArticleProps {
  studio: Studio
  view: FeedView
  key: string
  place: Accessor<RowPlace | undefined>
  setSize: Accessor<number>
}

/** One generation of the feed. Its element lives as long as the row is near the view, whatever comes or goes around it. */
export function Article(props: ArticleProps) {
  const index = createMemo<number>(before => props.view.frame().indexOf.get(props.key) ?? before, 0)
  const start = createMemo<number>(before => props.place()?.start ?? before, 0)
  const row = createMemo(() => props.view.frame().rows[index()])
  const layout = createMemo(() => props.view.frame().layouts[index()])
  const beside = () => props.view.frame().geometry.beside
  return (
    <article
      class="row"
      data-key={props.key}
      data-generation-id={row()?.generation.id}
      data-beside={beside()}
      aria-posinset={index() + 1}
      aria-setsize={props.setSize()}
      aria-labelledby={`prompt-${props.key}`}
      style={{
        transform: `translateY(${start()}px)`,
        height: `${layout()?.height ?? 0}px`,
        width: `${props.view.frame().geometry.content}px`,
      }}
    >
      <Note studio={props.studio} view={props.view} row={row} layout={layout} key={props.key} />
      <Pictures studio={props.studio} row={row} layout={layout} />
    </article>
  )
}
