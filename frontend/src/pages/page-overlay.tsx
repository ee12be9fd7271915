import { createEffect, Match, onCleanup, Switch } from 'solid-js'
import { withStyles } from '../ui/failed-styles.ts'
import { lazyPart } from '../ui/lazy-part.tsx'
import type { PageLocation, PageName } from './page-address.ts'
import type { PageStudio } from './page-props.ts'

// Each page is loaded when it is opened first, or when a pointer is over its link.
const PAGES = {
  connections: lazyPart(
    withStyles('connections-page', () => import('../settings/connections/connections-page.tsx')),
    LoadFailed,
  ),
  usage: lazyPart(
    withStyles('usage-page', () => import('../usage/usage-page.tsx')),
    LoadFailed,
  ),
} satisfies Record<PageName, unknown>

/** Loads the code of a page that is about to be opened. */
export function preloadPage(name: string | undefined): void {
  if (name === 'connections' || name === 'usage') void PAGES[name].preload()
}

interface PageOverlayProps {
  location: PageLocation
  studio: PageStudio
  onLeave: () => void
}

/** A page over the feed, which stays as it is below: its scroll position, its rows and their images. */
export function PageOverlay(props: PageOverlayProps) {
  const title = document.title
  let name: PageName | undefined
  createEffect(() => {
    name = props.location.name
  })
  onCleanup(() => {
    document.title = title
    // In a narrow window the links are in the closed menu of the view.
    const links = document.querySelectorAll<HTMLElement>(`.page-link[data-page="${name}"], .view-button`)
    const shown = [...links].filter(link => link.getClientRects().length > 0)
    const target = shown.find(link => link.dataset.page === name) ?? shown[0]
    target?.focus({ preventScroll: true })
  })
  const pageProps = () => ({ rest: props.location.rest, studio: props.studio, onLeave: props.onLeave })
  return (
    <div class="page-overlay">
      <Switch>
        <Match when={props.location.name === 'connections'}>
          <PAGES.connections {...pageProps()} />
        </Match>
        <Match when={props.location.name === 'usage'}>
          <PAGES.usage {...pageProps()} />
        </Match>
      </Switch>
    </div>
  )
}

/** The message if a page's code cannot be loaded. A failed import is not tried again by the browser, so the document is. */
function LoadFailed() {
  return (
    <section class="centred" role="alert">
      <h2>This page could not be loaded.</h2>
      <p>The studio may be starting again, or was updated. Nothing of yours is lost.</p>
      <button type="button" class="solid" onClick={() => location.reload()}>
        Load again
      </button>
    </section>
  )
}
