import { For, Match, Show, Switch } from 'solid-js'
import { Icon } from '../../ui/icons.tsx'
import { AdminForm } from './admin-form.tsx'
import { ConnectionRow, type RowActions } from './connection-row.tsx'
import { formatStudioBudget } from './connection-words.ts'
import { formatPanelAddress, type Panel } from './connections-address.ts'
import type { ConnectionsApi } from './connections-api.ts'
import type { ConnectionsState } from './connections-state.ts'

interface ConnectionListProps {
  api: ConnectionsApi
  state: ConnectionsState
  actions: RowActions
  now: number
  openPanel: (panel: Exclude<Panel, null>) => void
}

/** The list of connections, or why there is none. */
export function ConnectionList(props: ConnectionListProps) {
  const { state } = props
  return (
    <Switch>
      <Match when={state.access() === 'refused'}>
        <AdminForm api={props.api} onSignedIn={state.refresh} />
      </Match>
      <Match when={state.access() === 'failed'}>
        <div class="settings-failed" role="alert">
          <p>{state.problem()}</p>
          <button type="button" class="solid" onClick={state.refresh}>
            Try again
          </button>
        </div>
      </Match>
      <Match when={state.access() === 'loading'}>
        <p class="late-notice" role="status">
          Reading the connections…
        </p>
      </Match>
      <Match when={state.access() === 'open'}>
        <AddLink openPanel={props.openPanel} />
        <Show when={state.budget()}>{budget => <p class="studio-budget">{formatStudioBudget(budget())}</p>}</Show>
        <ul class="connections">
          {/* By its id: a row, with its focus and its menu, stays when the state of its connection changes. */}
          <For each={state.connections().map(({ id }) => id)}>
            {id => (
              <Show when={state.find(id)}>
                {connection => <ConnectionRow connection={connection()} actions={props.actions} now={props.now} />}
              </Show>
            )}
          </For>
        </ul>
      </Match>
    </Switch>
  )
}

function AddLink(props: Pick<ConnectionListProps, 'openPanel'>) {
  const onClick = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    props.openPanel({ kind: 'add' })
  }
  return (
    <div class="add-bar">
      <a class="solid add-link" href={formatPanelAddress({ kind: 'add' })} onClick={onClick}>
        <Icon name="attach" />
        Add a connection
      </a>
    </div>
  )
}
