import type { Model } from '@darkroom/contracts/model'
import type { Parts } from '@darkroom/contracts/parts'
import { createEffect, For, onCleanup, onMount, Show } from 'solid-js'
import type { Density } from './feed/row-layout.ts'
import type { Library } from './library/library-state.ts'
import { isFiltered, type Section } from './library/list-query.ts'
import { SearchField } from './library/search-field.tsx'
import { ViewMenu } from './library/view-menu.tsx'
import type { LiveStatus } from './live/live.ts'
import { formatParts } from './live/parts.ts'
import { PAGE_ADDRESSES, type PageName } from './pages/page-address.ts'
import { createTheme } from './settings/theme.ts'
import { Icon } from './ui/icons.tsx'
import { lazyPart } from './ui/lazy-part.tsx'
import type { PersistedChoice } from './ui/persisted-choice.ts'

const FilterBar = lazyPart(() => import('./library/filter-bar.tsx'))

const STATUS_LABELS: Record<LiveStatus, string> = {
  connecting: '',
  live: '',
  reconnecting: 'Reconnecting…',
  offline: 'Offline. What you send goes out when you are back.',
}

interface HeaderProps {
  library: Library
  /** The state of the event stream. */
  liveStatus: LiveStatus
  /** The state of the studio's parts, null while it is not known. */
  parts: Parts | null
  density: PersistedChoice<Density>
  modelsById: ReadonlyMap<string, Model>
  /** The page that is shown over the feed, null for the feed itself. */
  page: PageName | null
  onShowFeed: () => void
  /** Called before a link leads to another section: the address remembers where this one was left. */
  onLeaveSection: () => void
  onSearchMount: (field: HTMLInputElement) => void
}

/** The header: the sections and pages, the search with its filters, the choices of the view, and the state of the studio. */
export function Header(props: HeaderProps) {
  const theme = createTheme()
  const { library } = props
  const status = () => STATUS_LABELS[props.liveStatus] || formatParts(props.parts)
  const links = () => <SectionLinks {...props} />
  const isFilterShown = () => props.page === null && library.isFilterShown()
  createEffect(() => document.documentElement.style.setProperty('--header-height', `${library.headerHeight()}px`))
  onCleanup(() => document.documentElement.style.removeProperty('--header-height'))
  let header: HTMLElement | undefined
  /** Takes the line of filters away once something else is used, if there is no filter. */
  const onUse = ({ target }: Event) =>
    target instanceof Node && !header?.contains(target) && library.setFilterOpen(false)
  onMount(() => {
    const ended = new AbortController()
    for (const type of ['focusin', 'pointerdown']) document.addEventListener(type, onUse, { signal: ended.signal })
    onCleanup(() => ended.abort())
  })
  return (
    <header ref={header} class="header">
      <div class="header-line">
        <Wordmark library={library} page={props.page} onShowFeed={props.onShowFeed} />
        <nav class="header-pages" aria-label="Sections">
          {links()}
        </nav>
        <p class="live-status" role="status">
          <Show when={status()}>{label => <span>{label()}</span>}</Show>
        </p>
        <SearchField library={library} onMount={props.onSearchMount} />
        <ViewMenu
          density={props.density}
          theme={theme}
          isFeed={props.page === null}
          onJumpToDate={() => library.setDialog('date')}
          onShowKeys={() => library.setDialog('keys')}
        >
          {links()}
          <PageLink name="connections" label="Settings" shown={props.page} />
        </ViewMenu>
        <div class="header-pages">
          <PageLink name="connections" label="Settings" shown={props.page} />
          <button
            type="button"
            class="quiet"
            aria-label="Keys"
            title="All keys"
            onClick={() => library.setDialog('keys')}
          >
            ?
          </button>
        </div>
      </div>
      <Show when={isFilterShown()}>
        <FilterBar library={library} modelsById={props.modelsById} />
      </Show>
    </header>
  )
}

const SECTIONS: readonly { section: Exclude<Section, 'all'>; label: string }[] = [
  { section: 'favourites', label: 'Favourites' },
  { section: 'trash', label: 'Trash' },
]

function SectionLinks(props: HeaderProps) {
  const isCurrent = (section: Section) => props.page === null && props.library.query().section === section
  return (
    <>
      <For each={SECTIONS}>
        {({ section, label }) => (
          <a
            class="quiet page-link"
            href={`#${section}`}
            aria-current={isCurrent(section) ? 'page' : undefined}
            onClick={() => props.onLeaveSection()}
          >
            {label}
          </a>
        )}
      </For>
      <PageLink name="usage" label="Usage" shown={props.page} />
    </>
  )
}

/** The name of the studio. On another page, in a section or in a search it is the way back to the feed. */
function Wordmark(props: Pick<HeaderProps, 'library' | 'page' | 'onShowFeed'>) {
  const isFeed = () => {
    const query = props.library.query()
    return props.page === null && query.section === 'all' && !isFiltered(query)
  }
  return (
    <Show
      when={isFeed()}
      fallback={
        <button
          type="button"
          class="wordmark"
          aria-label="Darkroom: back to the pictures"
          onClick={() => (props.page === null ? props.library.showAll() : props.onShowFeed())}
        >
          <Icon name="previous" />
          <span>Darkroom</span>
        </button>
      }
    >
      <span class="wordmark" aria-hidden="true">
        <span>Darkroom</span>
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
