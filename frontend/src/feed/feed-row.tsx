import { type Accessor, createMemo } from 'solid-js'
import type { Studio } from '../studio.ts'
import { GenerationMeta } from './generation-meta.tsx'
import { OutputGrid } from './output-grid.tsx'
import type { FeedView } from './view/feed-view.ts'
import type { RowPosition } from './view/row-virtualizer.ts'

export interface FeedRowProps {
  studio: Studio
  view: FeedView
  key: string
  position: Accessor<RowPosition | undefined>
  setSize: Accessor<number>
}

/** One generation of the feed. Its element lives as long as the row is near the view, whatever comes or goes around it. */
export function FeedRow(props: FeedRowProps) {
  const index = createMemo<number>(before => props.view.frame().indexOf.get(props.key) ?? before, 0)
  const start = createMemo<number>(before => props.position()?.start ?? before, 0)
  const row = createMemo(() => props.view.frame().rows[index()])
  const layout = createMemo(() => props.view.frame().layouts[index()])
  const isMetaBeside = () => props.view.frame().geometry.isMetaBeside
  return (
    <article
      class="row"
      data-key={props.key}
      data-generation-id={row()?.generation.id}
      data-beside={isMetaBeside()}
      aria-posinset={index() + 1}
      aria-setsize={props.setSize()}
      aria-labelledby={`prompt-${props.key}`}
      style={{
        transform: `translateY(${start()}px)`,
        height: `${layout()?.height ?? 0}px`,
        width: `${props.view.frame().geometry.contentWidth}px`,
      }}
    >
      <GenerationMeta studio={props.studio} view={props.view} row={row} layout={layout} key={props.key} />
      <OutputGrid studio={props.studio} row={row} layout={layout} />
    </article>
  )
}
