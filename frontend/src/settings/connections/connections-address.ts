import { PAGE_ADDRESSES } from '../../pages/page-address.ts'

/** The panel beside the list of connections. `key` is `edit` with the focus on the key. */
export type Panel = { kind: 'add' } | { kind: ConnectionPanelKind; id: string } | null

const CONNECTION_PANELS = ['edit', 'key', 'workflows'] as const
export type ConnectionPanelKind = (typeof CONNECTION_PANELS)[number]

export const LIST_ADDRESS = PAGE_ADDRESSES.connections

/** Returns the address of a panel. */
export function formatPanelAddress(panel: Panel): string {
  if (panel === null) return LIST_ADDRESS
  return panel.kind === 'add' ? `${LIST_ADDRESS}/add` : `${LIST_ADDRESS}/${panel.kind}/${encodeURIComponent(panel.id)}`
}

/** Parses the rest of an address of the page. Anything unknown is the list alone. */
export function parsePanel(rest: string): Panel {
  if (rest === 'add') return { kind: 'add' }
  const [, name, id] = /^([a-z]+)\/([A-Za-z0-9-]+)$/.exec(rest) ?? []
  const kind = CONNECTION_PANELS.find(known => known === name)
  return kind !== undefined && id !== undefined ? { kind, id } : null
}
