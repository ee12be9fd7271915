import type { Parts } from '@darkroom/contracts/parts'
import { Show } from 'solid-js'
import type { Density } from './feed/row-layout.ts'
import type { LiveStatus } from './live/live.ts'
import { formatParts } from './live/parts.ts'
import { PAGE_ADDRESSES, type PageName } from './pages/page-address.ts'
import { createTheme, type Theme } from './settings/theme.ts'
import { Icon, type IconName } from './ui/icons.tsx'
import type { PersistedChoice } from './ui/persisted-choice.ts'

const STATUS_LABELS: Record<LiveStatus, string> = {
  connecting: '',
  live: '',
  reconnecting: 'Reconnecting…',
  offline: 'Offline. What you send goes out when you are back.',
}

const THEME_LABELS: Record<Theme, string> = {
  system: 'Theme: as the system',
  dark: 'Theme: dark',
  paper: 'Theme: paper',
}

const DENSITY_LABELS: Record<Density, string> = {
  large: 'Pictures: large',
  medium: 'Pictures: medium',
  small: 'Pictures: small',
}

interface HeaderProps {
  /** The state of the event stream. */
  liveStatus: LiveStatus
  /** The state of the studio's parts, null while it is not known. */
  parts: Parts | null
  density: PersistedChoice<Density>
  /** The page that is shown over the feed, null for the feed itself. */
  page: PageName | null
  onShowFeed: () => void
}

/** The header: the pages, the state of the event stream or of the studio's parts, and the choices of density and theme. */
export function Header(props: HeaderProps) {
  const theme = createTheme()
  const status = () => STATUS_LABELS[props.liveStatus] || formatParts(props.parts)
  return (
    <header class="header">
      <Wordmark isFeed={props.page === null} onShowFeed={props.onShowFeed} />
      <nav class="header-pages" aria-label="Pages">
        <PageLink name="usage" label="Usage" shown={props.page} />
      </nav>
      <p class="live-status" role="status">
        <Show when={status()}>{label => <span>{label()}</span>}</Show>
      </p>
      <PageLink name="connections" label="Settings" shown={props.page} />
      <Show when={props.page === null}>
        <ChoiceButton choice={props.density} labels={DENSITY_LABELS} />
      </Show>
      <ChoiceButton choice={theme} labels={THEME_LABELS} />
    </header>
  )
}

/** The name of the studio. On another page it is the way back to the feed. */
function Wordmark(props: { isFeed: boolean; onShowFeed: () => void }) {
  return (
    <Show
      when={props.isFeed}
      fallback={
        <button
          type="button"
          class="wordmark"
          aria-label="Darkroom: back to the pictures"
          onClick={() => props.onShowFeed()}
        >
          Darkroom
        </button>
      }
    >
      <span class="wordmark" aria-hidden="true">
        Darkroom
      </span>
    </Show>
  )
}

function PageLink(props: { name: PageName; label: string; shown: PageName | null }) {
  return (
    <a
      class="quiet page-link"
      href={PAGE_ADDRESSES[props.name]}
      data-page={props.name}
      aria-current={props.shown === props.name ? 'page' : undefined}
    >
      {props.label}
    </a>
  )
}

/** A button that shows the selected option. A click selects the next one. */
function ChoiceButton<Name extends IconName>(props: { choice: PersistedChoice<Name>; labels: Record<Name, string> }) {
  const label = () => props.labels[props.choice.selected()]
  return (
    <button
      type="button"
      class="quiet icon-only"
      aria-label={label()}
      title={label()}
      onClick={props.choice.selectNext}
    >
      <Icon name={props.choice.selected()} />
    </button>
  )
}
