/** A page beside the feed, and the address of its first view. */
export const PAGE_ADDRESSES = { connections: '#settings/connections', usage: '#usage' } as const
export type PageName = keyof typeof PAGE_ADDRESSES

/** The page that an address shows over the feed. */
export interface PageLocation {
  name: PageName
  /** The rest of the address, which the page itself parses: `add` of `#settings/connections/add`. */
  rest: string
}

const SETTINGS_ADDRESS = '#settings'

/** Parses the fragment of an address. Returns null for an address of the feed, which every other address is. */
export function parsePageAddress(hash: string): PageLocation | null {
  if (hash === SETTINGS_ADDRESS) return { name: 'connections', rest: '' }
  const names = Object.keys(PAGE_ADDRESSES) as PageName[]
  const name = names.find(name => hash === PAGE_ADDRESSES[name] || hash.startsWith(`${PAGE_ADDRESSES[name]}/`))
  return name === undefined ? null : { name, rest: hash.slice(PAGE_ADDRESSES[name].length + 1) }
}
