import type { Model } from '@darkroom/contracts/model'
import { type Accessor, createMemo } from 'solid-js'
import type { Clock } from '../ui/clock.ts'
import type { FeedLayout } from './feed-layout.ts'
import { GenerationMeta } from './generation-meta.tsx'
import type { MetaActions } from './meta/meta-actions.ts'
import type { PromptHeights } from './meta/prompt.tsx'
import { type GridActions, OutputGrid } from './output-grid.tsx'
import { createRowFocus } from './row-focus.ts'
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
  const geometry = () => feedLayout().geometry
  const rowFocus = createRowFocus()
  return (
    <article
      ref={rowFocus.mount}
      class="row"
      data-key={props.key}
      data-generation-id={row()?.generation.id}
      data-form={geometry().form}
      data-density={geometry().density}
      data-coarse={geometry().isCoarse}
      aria-posinset={index() + 1}
      aria-setsize={props.setSize()}
      aria-labelledby={`prompt-${props.key}`}
      style={{
        transform: `translateY(${start()}px)`,
        height: `${layout()?.height ?? 0}px`,
        left: `${geometry().left}px`,
        width: `${geometry().contentWidth}px`,
      }}
      onKeyDown={rowFocus.onKeyDown}
      onFocusIn={rowFocus.onFocusIn}
    >
      <GenerationMeta
        key={props.key}
        row={row}
        layout={layout}
        form={geometry().form}
        promptHeights={props.view}
        model={model()}
        clock={props.clock}
        coarseNow={props.coarseNow}
        actions={props.actions}
      />
      <OutputGrid row={row} layout={layout} coarseNow={props.coarseNow} actions={props.actions} />
    </article>
  )
}
