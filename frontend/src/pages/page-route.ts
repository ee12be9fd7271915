import { type Accessor, createMemo, createSignal, onCleanup, onMount } from 'solid-js'
import { type PageLocation, parsePageAddress } from './page-address.ts'

/** The page that is shown over the feed, by the address. */
export interface PageRoute {
  /** The shown page; null while it is the feed. */
  page: Accessor<PageLocation | null>
  /** Shows the feed again, where it was left. */
  showFeed(): void
}

/** Creates the route: links to addresses of pages and the browser's Back change it. */
export function createPageRoute(): PageRoute {
  const [hash, setHash] = createSignal(location.hash)
  let feedHash = parsePageAddress(location.hash) ? '' : location.hash

  function onHashChange({ oldURL }: HashChangeEvent) {
    const left = new URL(oldURL).hash
    if (parsePageAddress(left) === null) feedHash = left
    setHash(location.hash)
  }

  onMount(() => {
    window.addEventListener('hashchange', onHashChange)
    onCleanup(() => window.removeEventListener('hashchange', onHashChange))
  })

  return { page: createMemo(() => parsePageAddress(hash())), showFeed: () => goToAddress(feedHash) }
}

/** Adds an entry to the history, as a link does. A link to the empty fragment would also scroll the feed to its top. */
export function goToAddress(hash: string): void {
  const oldURL = location.href
  history.pushState(null, '', `${location.pathname}${location.search}${hash}`)
  window.dispatchEvent(new HashChangeEvent('hashchange', { oldURL, newURL: location.href }))
}

/** Replaces the entry of the history, for an address that is no use any more. */
export function replaceAddress(hash: string): void {
  const oldURL = location.href
  history.replaceState(null, '', hash)
  window.dispatchEvent(new HashChangeEvent('hashchange', { oldURL, newURL: location.href }))
}
