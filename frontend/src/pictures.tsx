import { type Accessor, Index, Match, Show, Switch } from 'solid-js'
import type { Row } from './generations.ts'
import { barrenMessage, isBarren, type RowLayout } from './layout.ts'
import type { Studio } from './studio.ts'
import { Tile } from './tile.tsx'

interface PicturesProps {
  studio: Studio
  row: Accessor<Row | undefined>
  layout: Accessor<RowLayout | undefined>
}

/** A generation's outputs, each at its place; or why there are none. */
export function Pictures(props: PicturesProps) {
  const generation = () => props.row()?.generation
  const block = () => props.layout()?.block
  const isEmpty = () => {
    const shown = generation()
    return shown !== undefined && isBarren(shown)
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
                  <Tile
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
        <Match when={undelivered()}>{delivery => <Undelivered {...props} problem={problemOf(delivery())} />}</Match>
        <Match when={isEmpty()}>
          <div class="panel">
            <p class="panel-title">{generation()?.status === 'cancelled' ? 'Cancelled' : 'This did not work'}</p>
            <Show when={generation()}>{shown => <p>{barrenMessage(shown())}</p>}</Show>
          </div>
        </Match>
      </Switch>
    </div>
  )
}

/** A generation that has not reached the studio: why, and what can be done. */
function Undelivered(props: PicturesProps & { problem: string | null }) {
  const { library, edit } = props.studio
  const withRow = (act: (row: Row) => void) => () => {
    const row = props.row()
    if (row) act(row)
  }
  return (
    <div class="panel" role="alert">
      <p class="panel-title">{props.problem === null ? 'Not sent yet' : 'The studio did not take this'}</p>
      <p>{props.problem ?? 'The studio cannot be reached. This goes out by itself when it is back.'}</p>
      <p class="panel-actions">
        <button type="button" class="solid" onClick={withRow(row => void library.sendAgain(row.key))}>
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
