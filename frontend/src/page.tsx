import { type Accessor, createEffect, createMemo, createSignal, Match, Show, Switch } from 'solid-js'
import { Composer } from './composer/composer.tsx'
import { Feed } from './feed/feed.tsx'
import type { Density } from './feed/row-layout.ts'
import { Header } from './header.tsx'
import { createKeyboardLoader } from './keyboard/keyboard-loader.ts'
import { isPlain } from './library/list-query.ts'
import { MaskLayer } from './mask/mask-layer.tsx'
import { createPageRoute } from './pages/page-route.ts'
import { createDensity } from './settings/density.ts'
import { createStudio, type Studio, type StudioOptions } from './studio.ts'
import { lazyPart } from './ui/lazy-part.tsx'
import { createIntentPreload } from './ui/preload.ts'
import { LoadFailed, Loading, Welcome } from './welcome.tsx'

const DropZone = lazyPart(async () => ({ default: (await import('./composer/drop-zone.tsx')).DropZone }), null)
const NoticeBar = lazyPart(async () => ({ default: (await import('./ui/notice-bar.tsx')).NoticeBar }), null)
const loadPages = () => import('./pages/page-overlay.tsx')
const PageOverlay = lazyPart(async () => ({ default: (await loadPages()).PageOverlay }))
const StudioLightbox = lazyPart(async () => ({
  default: (await import('./lightbox/studio-lightbox.tsx')).StudioLightbox,
}))
// In one file with the lightbox, which says if it could not be loaded.
const LibraryDialogs = lazyPart(
  async () => ({ default: (await import('./library/library-dialogs.tsx')).LibraryDialogs }),
  null,
)
const FoundHighlight = lazyPart(
  async () => ({ default: (await import('./library/found-highlight.ts')).FoundHighlight }),
  null,
)
const NothingFound = lazyPart(() => import('./library/nothing-found.tsx'))
const SelectionBar = lazyPart(() => import('./library/selection/selection-bar.tsx'))

/** The whole page. It hands each part of the studio to the component that uses it. */
export function Page(props: StudioOptions) {
  const studio = createStudio(props)
  const { library, selection } = studio
  const [bottom, setBottom] = createSignal(0)
  const density = createDensity()
  const { page, showFeed } = createPageRoute()
  const isCovered = () => page() !== null
  createIntentPreload('.page-link', ({ dataset }) => {
    void loadPages().then(
      ({ preloadPage }) => preloadPage(dataset.page),
      () => undefined,
    )
  })
  createEffect(() => isCovered() && studio.showMedia(null))
  const isComposerCovered = () => selection.isActive() || library.query().section === 'trash'
  // What the first rows do not need is loaded after them.
  const isOpened = createMemo<boolean>(before => before || studio.loadState().first !== 'loading', false)
  let searchField: HTMLInputElement | undefined
  const focusFeed = createKeyboardLoader({
    ...studio,
    density,
    isCovered: () => isCovered() || studio.shownMedia() !== null || studio.maskTarget() !== null,
    focusSearch: () => {
      searchField?.focus()
      searchField?.select()
    },
  })
  const isEmpty = () => {
    const { rows, query } = studio.generationWindow()
    return rows.length === 0 && studio.loadState().first === 'ready' && isPlain(query)
  }
  return (
    <>
      <Header
        library={library}
        liveStatus={studio.liveStatus()}
        parts={studio.parts()}
        density={density}
        modelsById={studio.modelsById()}
        page={page()?.name ?? null}
        onShowFeed={showFeed}
        onLeaveSection={studio.writeAddress}
        onSearchMount={field => {
          searchField = field
        }}
      />
      <main inert={isCovered()}>
        <h1 class="unseen">Darkroom</h1>
        <MainContent studio={studio} bottom={bottom} density={density.selected} />
      </main>
      <div inert={isCovered() || isComposerCovered()} data-covered={isComposerCovered()}>
        <Composer
          composer={studio.composer}
          hasModels={studio.hasModels()}
          isFirst={isEmpty()}
          onPromptMount={studio.mountPrompt}
          onResize={setBottom}
        />
      </div>
      <Show when={selection.isActive() && !isCovered()}>
        <SelectionBar {...studio} {...studio.notices} onEnd={focusFeed} />
      </Show>
      <Show when={page()}>{location => <PageOverlay location={location()} studio={studio} onLeave={showFeed} />}</Show>
      <Show when={isOpened()}>
        <StudioLightbox studio={studio} />
        <Dialogs studio={studio} />
        <FoundHighlight text={library.query().text} />
        <NoticeBar notices={studio.notices} />
      </Show>
      <MaskLayer target={studio.maskTarget()} createProps={studio.createMaskProps} />
      <Show when={isOpened() && !isCovered()}>
        <DropZone attachments={studio.composer.attachments} />
      </Show>
      <p class="unseen" role="status">
        {studio.announcement()}
      </p>
    </>
  )
}

/** The dialog of the library that is open, if any. */
function Dialogs(props: { studio: Studio }) {
  const { studio } = props
  return (
    <LibraryDialogs
      library={studio.library}
      timeline={studio.timeline()}
      goTo={studio.goTo}
      onEmptyTrash={studio.actions.emptyTrash}
    />
  )
}

interface MainContentProps {
  studio: Studio
  bottom: Accessor<number>
  density: Accessor<Density>
}

/** The feed, or why there is none. */
function MainContent(props: MainContentProps) {
  const { studio, bottom, density } = props
  const hasRows = () => studio.generationWindow().rows.length > 0
  const isReady = () => studio.loadState().first === 'ready'
  return (
    <Switch>
      <Match when={hasRows()}>
        <Feed
          studio={studio}
          bottom={bottom}
          headerHeight={studio.library.headerHeight}
          density={density}
          isLightboxOpen={studio.shownMedia() !== null}
          showMedia={studio.showMedia}
        />
      </Match>
      <Match when={studio.loadState().first === 'loading'}>
        <Loading />
      </Match>
      <Match when={studio.loadState().first === 'failed'}>
        <LoadFailed problem={studio.loadState().problem} onRetry={studio.openFirst} />
      </Match>
      <Match when={isReady() && !isPlain(studio.generationWindow().query)}>
        <NothingFound
          query={studio.generationWindow().query}
          modelsById={studio.modelsById()}
          library={studio.library}
        />
      </Match>
      <Match when={isReady()}>
        <Welcome onSuggestion={studio.fillPrompt} />
      </Match>
    </Switch>
  )
}
