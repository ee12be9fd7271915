import type { Connection } from '@darkroom/contracts/connection'
import { type Accessor, createEffect, createSignal } from 'solid-js'
import { formatState } from './connection-words.ts'

/** Creates the text of the list's live region: the new state of a connection, in words. */
export function createStateAnnouncement(connections: () => Connection[], now: Accessor<number>): Accessor<string> {
  const [announcement, setAnnouncement] = createSignal('')
  let known = new Map<string, string>()
  createEffect(() => {
    const kinds = new Map(connections().map(({ id, state }) => [id, state.kind as string]))
    const changed = connections().find(({ id, state }) => known.has(id) && known.get(id) !== state.kind)
    known = kinds
    if (!changed) return
    const { title, problem } = formatState(changed, now())
    setAnnouncement([`${changed.name}: ${title}`, problem].filter(text => text !== null).join('. '))
  })
  return announcement
}
