import type { Generation } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import { type Accessor, Index, Match, Show, Switch } from 'solid-js'
import type { Row } from '../store/generation-window.ts'
import type { Clock } from '../ui/clock.ts'
import { type FailureActions, FailurePanel } from './failure-panel.tsx'
import { OutputTile, type TileActions } from './output-tile.tsx'
import { hasNoMedia, type RowLayout } from './row-layout.ts'

/** The user's actions on outputs, and on a submission that has not reached the studio. */
export interface GridActions extends TileActions, UnsentActions, FailureActions {}

interface UnsentActions {
  resend: (key: string) => void
  edit: (key: string, generation: Generation) => void
}

interface OutputGridProps {
  row: Accessor<Row | undefined>
  layout: Accessor<RowLayout | undefined>
  model: Model | undefined
  clock: Clock
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
  return (
    <Index each={generation()?.outputs}>
      {(output, index) => (
        <Show when={generation()}>
          {shown => (
            <OutputTile
              rowKey={shown().clientId}
              generation={shown()}
              output={output()}
              box={props.layout()?.block.boxes[index]}
              model={props.model}
              clock={props.clock}
              coarseNow={props.coarseNow}
              actions={props.actions}
            />
          )}
        </Show>
      )}
    </Index>
  )
}

interface UnsentPanelProps {
  row: Accessor<Row | undefined>
  problem: string | null
  actions: UnsentActions
}

/** The panel of a submission that has not reached the studio: the reason, and the actions that may help. */
function UnsentPanel(props: UnsentPanelProps) {
  const withRow = (act: (row: Row) => void) => () => {
    const row = props.row()
    if (row) act(row)
  }
  return (
    <div class="panel" role="alert">
      <p class="panel-title">{props.problem === null ? 'Not sent yet' : 'The studio did not take this'}</p>
      <p>{props.problem ?? 'The studio cannot take it at the moment. It goes out by itself as soon as it can.'}</p>
      <p class="panel-actions">
        <button type="button" class="solid" onClick={withRow(row => props.actions.resend(row.key))}>
          Try again
        </button>
        <button type="button" class="quiet" onClick={withRow(row => props.actions.edit(row.key, row.generation))}>
          Edit
        </button>
      </p>
    </div>
  )
}

function problemOf(delivery: { state: string; problem?: string }): string | null {
  return delivery.problem ?? null
}
