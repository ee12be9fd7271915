import type { Output } from '@darkroom/contracts/output'
import { type Accessor, Index, Match, Show, Switch } from 'solid-js'
import type { Row } from '../store/generation-window.ts'
import { lazyPart } from '../ui/lazy-part.tsx'
import type { FailureActions } from './failure-panel.tsx'
import { OutputTile } from './output-tile.tsx'
import type { RowLayout } from './row-layout.ts'
import { hasNoMedia, listShownOutputs } from './shown-outputs.ts'
import type { TileActions } from './tile/tile-actions.ts'
import { type UnsentActions, UnsentPanel } from './unsent-panel.tsx'

/** Their place is reserved in the layout, so that nothing moves when they are there. */
export const FailurePanel = lazyPart(async () => ({ default: (await import('./failure-panel.tsx')).FailurePanel }))

/** The user's actions on outputs, and on a submission that has not reached the studio. */
export interface GridActions extends TileActions, UnsentActions, FailureActions {}

interface OutputGridProps {
  row: Accessor<Row | undefined>
  layout: Accessor<RowLayout | undefined>
  coarseNow: Accessor<number>
  actions: GridActions
}

/** The outputs of a generation, each in its box; or the reason why there are none. */
export function OutputGrid(props: OutputGridProps) {
  const generation = () => props.row()?.generation
  const block = () => props.layout()?.block
  const isEmpty = () => {
    const shown = generation()
    return shown !== undefined && hasNoMedia(shown)
  }
  const undelivered = () => {
    const delivery = props.row()?.delivery
    return delivery && delivery.state !== 'sending' ? delivery : undefined
  }
  return (
    <div class="pictures" style={{ width: `${block()?.width ?? 0}px`, height: `${block()?.height ?? 0}px` }}>
      <Switch fallback={<OutputTiles {...props} />}>
        <Match when={undelivered()}>
          {delivery => <UnsentPanel row={props.row} problem={problemOf(delivery())} actions={props.actions} />}
        </Match>
        <Match when={isEmpty()}>
          <Show when={generation()}>{shown => <FailurePanel generation={shown()} actions={props.actions} />}</Show>
        </Match>
      </Switch>
    </div>
  )
}

function OutputTiles(props: OutputGridProps) {
  const generation = () => props.row()?.generation
  const boxOf = (output: Output) => {
    const shown = generation()
    const at = shown ? listShownOutputs(shown).findIndex(({ index }) => index === output.index) : -1
    return props.layout()?.block.boxes[at]
  }
  return (
    <Index each={generation()?.outputs}>
      {output => (
        <Show when={output().state !== 'deleted' && generation()}>
          {shown => (
            <OutputTile
              rowKey={shown().clientId}
              generation={shown()}
              output={output()}
              box={boxOf(output())}
              coarseNow={props.coarseNow}
              actions={props.actions}
            />
          )}
        </Show>
      )}
    </Index>
  )
}

function problemOf(delivery: { state: string; problem?: string }): string | null {
  return delivery.problem ?? null
}
