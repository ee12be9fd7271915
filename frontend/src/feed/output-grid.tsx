import type { Generation } from '@darkroom/contracts/generation'
import { type Accessor, For, Index, Match, Show, Switch } from 'solid-js'
import type { Row } from '../store/generation-window.ts'
import { listVerbs } from '../store/verbs.ts'
import type { Studio } from '../studio.ts'
import { OutputTile } from './output-tile.tsx'
import { formatNoMediaMessage, hasNoMedia, type RowLayout } from './row-layout.ts'
import { VerbButton } from './verb-button.tsx'

interface OutputGridProps {
  studio: Studio
  row: Accessor<Row | undefined>
  layout: Accessor<RowLayout | undefined>
}

/** A generation's outputs, each at its place; or why there are none. */
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
      <Switch
        fallback={
          <Index each={generation()?.outputs}>
            {(output, index) => (
              <Show when={generation()}>
                {shown => (
                  <OutputTile
                    studio={props.studio}
                    rowKey={shown().clientId}
                    generation={shown()}
                    output={output()}
                    box={block()?.boxes[index]}
                  />
                )}
              </Show>
            )}
          </Index>
        }
      >
        <Match when={undelivered()}>{delivery => <UnsentPanel {...props} problem={problemOf(delivery())} />}</Match>
        <Match when={isEmpty()}>
          <div class="panel">
            <p class="panel-title">{generation()?.status === 'cancelled' ? 'Cancelled' : 'This did not work'}</p>
            <Show when={generation()}>{shown => <EmptyOutputs studio={props.studio} generation={shown()} />}</Show>
          </div>
        </Match>
      </Switch>
    </div>
  )
}

/** Why there are no pictures, and what can be done about it. */
function EmptyOutputs(props: { studio: Studio; generation: Generation }) {
  return (
    <>
      <p>{formatNoMediaMessage(props.generation)}</p>
      <p class="panel-actions">
        <For each={listVerbs(props.generation)}>
          {(verb, index) => (
            <VerbButton
              studio={props.studio}
              verb={verb}
              generation={props.generation}
              variant={index() === 0 ? 'solid' : 'quiet'}
            />
          )}
        </For>
      </p>
    </>
  )
}

/** A generation that has not reached the studio: why, and what can be done. */
function UnsentPanel(props: OutputGridProps & { problem: string | null }) {
  const { library: store, edit } = props.studio
  const withRow = (act: (row: Row) => void) => () => {
    const row = props.row()
    if (row) act(row)
  }
  return (
    <div class="panel" role="alert">
      <p class="panel-title">{props.problem === null ? 'Not sent yet' : 'The studio did not take this'}</p>
      <p>{props.problem ?? 'The studio cannot be reached. This goes out by itself when it is back.'}</p>
      <p class="panel-actions">
        <button type="button" class="solid" onClick={withRow(row => void store.sendAgain(row.key))}>
          Try again
        </button>
        <button type="button" class="quiet" onClick={withRow(row => edit(row.key, row.generation))}>
          Edit
        </button>
      </p>
    </div>
  )
}

function problemOf(delivery: { state: string; problem?: string }): string | null {
  return delivery.problem ?? null
}
