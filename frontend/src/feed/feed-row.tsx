import type { Model } from '@darkroom/contracts/model'
import { type Accessor, createMemo } from 'solid-js'
import type { Clock } from '../ui/clock.ts'
import type { FeedLayout } from './feed-layout.ts'
import { GenerationMeta, type MetaActions, type PromptHeights } from './generation-meta.tsx'
import { type GridActions, OutputGrid } from './output-grid.tsx'
import type { RowPosition } from './view/row-virtualizer.ts'

/** The user's actions on a row. */
export interface RowActions extends MetaActions, GridActions {}

export interface FeedRowProps {
  key: string
  view: PromptHeights & { feedLayout: Accessor<FeedLayout> }
  position: Accessor<RowPosition | undefined>
  setSize: Accessor<number>
  models: Accessor<ReadonlyMap<string, Model>>
  clock: Clock
  coarseNow: Accessor<number>
  actions: RowActions
}

/** One generation of the feed. Its element stays while the row is near the view, whatever rows are added or removed around it. */
export function FeedRow(props: FeedRowProps) {
  const feedLayout = () => props.view.feedLayout()
  const index = createMemo<number>(before => feedLayout().indexOf.get(props.key) ?? before, 0)
  const start = createMemo<number>(before => props.position()?.start ?? before, 0)
  const row = createMemo(() => feedLayout().rows[index()])
  const layout = createMemo(() => feedLayout().layouts[index()])
  const model = () => props.models().get(row()?.generation.model ?? '')
  return (
    <article
      class="row"
      data-key={props.key}
      data-generation-id={row()?.generation.id}
      data-beside={feedLayout().geometry.isMetaBeside}
      aria-posinset={index() + 1}
      aria-setsize={props.setSize()}
      aria-labelledby={`prompt-${props.key}`}
      style={{
        transform: `translateY(${start()}px)`,
        height: `${layout()?.height ?? 0}px`,
        width: `${feedLayout().geometry.contentWidth}px`,
      }}
    >
      <GenerationMeta
        key={props.key}
        row={row}
        layout={layout}
        geometry={feedLayout().geometry}
        promptHeights={props.view}
        model={model()}
        actions={props.actions}
      />
      <OutputGrid
        row={row}
        layout={layout}
        model={model()}
        clock={props.clock}
        coarseNow={props.coarseNow}
        actions={props.actions}
      />
    </article>
  )
}
