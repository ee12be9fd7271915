import '../../styles/settings.css'
import '../../styles/connections.css'
import type { Connection } from '@darkroom/contracts/connection'
import { createSignal, Show } from 'solid-js'
import { PageHeading } from '../../pages/page-heading.tsx'
import type { PageProps } from '../../pages/page-props.ts'
import { describeProblem } from '../../request-error.ts'
import { createCoarseClock } from '../../ui/coarse-clock.ts'
import { SettingsNav } from '../settings-nav.tsx'
import { ConnectionList } from './connection-list.tsx'
import { ConnectionPanel } from './connection-panel.tsx'
import type { RowActions } from './connection-row.tsx'
import { createConnectionsApi } from './connections-api.ts'
import { createConnectionsState } from './connections-state.ts'
import { createPanelRoute, focusOpener } from './panel-route.ts'
import { RemoveDialog } from './remove-dialog.tsx'
import { createStateAnnouncement } from './state-announcement.ts'

/** The page Settings → Connections. */
export default function ConnectionsPage(props: PageProps) {
  const { notices, connectionEvents, clock } = props.studio
  const api = createConnectionsApi()
  const state = createConnectionsState({ api, events: connectionEvents })
  const now = createCoarseClock(clock)
  const { panel, openPanel, closePanel } = createPanelRoute(() => props.rest)
  const [removing, setRemoving] = createSignal<Connection | null>(null)
  const announcement = createStateAnnouncement(state.connections, now)

  const attempt = async (work: () => Promise<unknown>) => {
    try {
      await work()
    } catch (error) {
      notices.notify(describeProblem(error))
    }
  }
  /** Checks a connection. The button that was pressed leaves the row meanwhile: the focus stays in the row. */
  async function check({ id }: Connection) {
    await api.check(id)
    await state.refresh()
    if (document.activeElement === document.body) focusOpener({ kind: 'edit', id })
  }

  const actions: RowActions = {
    check: connection => void attempt(() => check(connection)),
    edit: ({ id }) => openPanel({ kind: 'edit', id }),
    showWorkflows: ({ id }) => openPanel({ kind: 'workflows', id }),
    replaceKey: ({ id }) => openPanel({ kind: 'key', id }),
    remove: setRemoving,
  }

  async function remove({ id, name }: Connection) {
    setRemoving(null)
    await api.remove(id)
    state.drop(id)
    focusOpener({ kind: 'add' })
    notices.notify(`${name} is removed.`)
  }

  const isOpen = () => state.access() === 'open'
  return (
    <main class="settings" data-panel={isOpen() && panel() !== null}>
      <SettingsNav current="connections" />
      <section class="settings-list" aria-labelledby="connections-heading">
        <PageHeading id="connections-heading" title="Connections" onLeave={props.onLeave} />
        <ConnectionList api={api} state={state} actions={actions} now={now()} openPanel={openPanel} />
      </section>
      <Show when={isOpen()}>
        <ConnectionPanel
          panel={panel()}
          api={api}
          state={state}
          models={[...props.studio.modelsById().values()]}
          now={now()}
          notices={notices}
          onClose={closePanel}
        />
      </Show>
      <Show when={removing()} keyed>
        {connection => (
          <RemoveDialog
            connection={connection}
            onRemove={() => void attempt(() => remove(connection))}
            onCancel={() => setRemoving(null)}
          />
        )}
      </Show>
      <p class="unseen" role="status">
        {announcement()}
      </p>
    </main>
  )
}
