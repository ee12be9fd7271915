import { createEffect, lazy, Match, onCleanup, Switch } from 'solid-js'
import type { PageLocation, PageName } from './page-address.ts'
import type { PageStudio } from './page-props.ts'

// Each page is loaded when it is opened first.
const ConnectionsPage = lazy(() =>
  import('../settings/connections/connections-page.tsx').catch(() => ({ default: LoadFailed })),
)
const UsagePage = lazy(() => import('../usage/usage-page.tsx').catch(() => ({ default: LoadFailed })))

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
    document.querySelector<HTMLElement>(`.page-link[data-page="${name}"]`)?.focus({ preventScroll: true })
  })
  const pageProps = () => ({ rest: props.location.rest, studio: props.studio, onLeave: props.onLeave })
  return (
    <div class="page-overlay">
      <Switch>
        <Match when={props.location.name === 'connections'}>
          <ConnectionsPage {...pageProps()} />
        </Match>
        <Match when={props.location.name === 'usage'}>
          <UsagePage {...pageProps()} />
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
