import { PAGE_ADDRESSES } from '../../pages/page-address.ts'

/** The panel beside the list of connections. `key` is `edit` with the focus on the key. */
export type Panel = { kind: 'add' } | { kind: 'edit' | 'key'; id: string } | null

export const LIST_ADDRESS = PAGE_ADDRESSES.connections

/** Returns the address of a panel. */
export function formatPanelAddress(panel: Panel): string {
  if (panel === null) return LIST_ADDRESS
  return panel.kind === 'add' ? `${LIST_ADDRESS}/add` : `${LIST_ADDRESS}/${panel.kind}/${encodeURIComponent(panel.id)}`
}

/** Parses the rest of an address of the page. Anything unknown is the list alone. */
export function parsePanel(rest: string): Panel {
  if (rest === 'add') return { kind: 'add' }
  const [, kind, id] = /^(edit|key)\/([A-Za-z0-9-]+)$/.exec(rest) ?? []
  return (kind === 'edit' || kind === 'key') && id !== undefined ? { kind, id } : null
}
