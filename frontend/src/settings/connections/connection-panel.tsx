import type { Connection } from '@darkroom/contracts/connection'
import type { Model } from '@darkroom/contracts/model'
import { Match, Show, Switch } from 'solid-js'
import type { Notices } from '../../ui/notices.ts'
import { AddPanel } from './add-panel.tsx'
import type { Panel as OpenPanel } from './connections-address.ts'
import type { ConnectionsApi } from './connections-api.ts'
import type { ConnectionsState } from './connections-state.ts'
import { EditPanel } from './edit-panel.tsx'
import { Panel } from './panel.tsx'
import { WorkflowsPanel } from './workflows/workflows-panel.tsx'

interface ConnectionPanelProps {
  panel: OpenPanel
  api: ConnectionsApi
  state: ConnectionsState
  models: readonly Model[]
  notices: Pick<Notices, 'notify'>
  now: number
  onClose: () => void
}

/** The panel that is open: the one that adds, or the one of a connection. */
export function ConnectionPanel(props: ConnectionPanelProps) {
  const opened = () => (props.panel === null || props.panel.kind === 'add' ? null : props.panel)

  function onAdded(connection: Connection) {
    props.state.upsert(connection)
    props.notices.notify(`${connection.name} is added. Its models are in the picker in a moment.`)
    props.onClose()
  }

  return (
    <Switch>
      <Match when={props.panel?.kind === 'add'}>
        <AddPanel api={props.api} state={props.state} now={props.now} onAdded={onAdded} onClose={props.onClose} />
      </Match>
      <Match when={opened()} keyed>
        {({ id, kind }) => (
          <Show
            when={props.state.find(id)}
            fallback={
              <Panel title="Not there any more" onClose={props.onClose}>
                <p class="field-note">This connection was removed.</p>
              </Panel>
            }
          >
            {connection =>
              kind === 'workflows' ? (
                <WorkflowsPanel
                  api={props.api}
                  connection={connection()}
                  onChanged={() => void props.state.refresh()}
                  onClose={props.onClose}
                />
              ) : (
                <EditPanel
                  api={props.api}
                  models={props.models}
                  connection={connection()}
                  isKeyFirst={kind === 'key'}
                  onChanged={props.state.upsert}
                  onClose={props.onClose}
                />
              )
            }
          </Show>
        )}
      </Match>
    </Switch>
  )
}
