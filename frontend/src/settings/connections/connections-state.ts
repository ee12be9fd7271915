import type { Connection, Connections } from '@darkroom/contracts/connection'
import { createEffect, createSignal, onCleanup, onMount } from 'solid-js'
import type { ConnectionEvents } from '../../live/connection-events.ts'
import { describeProblem } from '../../request-error.ts'
import { type ConnectionsApi, needsAdmin } from './connections-api.ts'

/** Whether the connections can be shown: `refused` until the user has signed in with the studio's secret. */
export type Access = 'loading' | 'open' | 'refused' | 'failed'

export type ConnectionsState = ReturnType<typeof createConnectionsState>

/** Time between two reads while a check is under way. Its event is usually earlier. */
const POLL_MS = 1_500

/** Creates the list of connections. It follows the studio's events, and reads the list again while a check is under way. */
export function createConnectionsState({ api, events }: { api: ConnectionsApi; events: ConnectionEvents }) {
  const [access, setAccess] = createSignal<Access>('loading')
  const [problem, setProblem] = createSignal<string | null>(null)
  const [budget, setBudget] = createSignal<Connections['budget']>()
  const [all, setAll] = createSignal<readonly Connection[]>([])
  let reads = 0
  let changes = 0

  const find = (id: string) => all().find(connection => connection.id === id)

  /** Reads the list. A response that a later read has overtaken is dropped, and one that a change has is read again. */
  async function refresh(): Promise<void> {
    reads += 1
    const [read, change] = [reads, changes]
    try {
      const { connections, budget } = await api.list()
      if (read !== reads) return
      if (change !== changes) return await refresh()
      setAll(connections)
      setBudget(budget)
      setAccess('open')
      setProblem(null)
    } catch (error) {
      if (read !== reads) return
      setProblem(describeProblem(error))
      if (needsAdmin(error)) setAccess('refused')
      else if (access() !== 'open') setAccess('failed')
    }
  }

  function upsert(connection: Connection) {
    changes += 1
    const replaced = all().map(before => (before.id === connection.id ? connection : before))
    setAll(replaced.includes(connection) ? replaced : [...replaced, connection])
  }

  function drop(id: string) {
    changes += 1
    setAll(all().filter(connection => connection.id !== id))
  }

  const isChecking = () => access() === 'open' && all().some(({ state }) => state.kind === 'checking')
  createEffect(() => {
    if (!isChecking()) return
    const timer = setInterval(() => !document.hidden && void refresh(), POLL_MS)
    onCleanup(() => clearInterval(timer))
  })
  onMount(() => {
    onCleanup(events.subscribe(() => access() !== 'refused' && void refresh()))
    void refresh()
  })

  return {
    access,
    /** The error of the last read, null if it succeeded. */
    problem,
    budget,
    /** Returns the connections that were added. A draft is not one of them. */
    connections: () => all().filter(({ draft }) => !draft),
    find,
    refresh,
    upsert,
    drop,
  }
}
