import { createEffect, createSignal, Match, Show, Switch } from 'solid-js'
import { Composer } from './composer/composer.tsx'
import { DropZone } from './composer/drop-zone.tsx'
import { Feed } from './feed/feed.tsx'
import { Header } from './header.tsx'
import { Lightbox } from './lightbox/lightbox.tsx'
import { PageOverlay } from './pages/page-overlay.tsx'
import { createPageRoute } from './pages/page-route.ts'
import { createDensity } from './settings/density.ts'
import { createStudio, type StudioOptions } from './studio.ts'
import { NoticeBar } from './ui/notice-bar.tsx'
import { LoadFailed, Loading, Welcome } from './welcome.tsx'

/** The whole page. It hands each part of the studio to the component that uses it. */
export function Page(props: StudioOptions) {
  const studio = createStudio(props)
  const [bottom, setBottom] = createSignal(0)
  const density = createDensity()
  const { page, showFeed } = createPageRoute()
  const isCovered = () => page() !== null
  createEffect(() => isCovered() && studio.showMedia(null))
  const hasRows = () => studio.generationWindow().rows.length > 0
  return (
    <>
      <Header
        liveStatus={studio.liveStatus()}
        parts={studio.parts()}
        density={density}
        page={page()?.name ?? null}
        onShowFeed={showFeed}
      />
      <main inert={isCovered()}>
        <h1 class="unseen">Darkroom</h1>
        <Switch>
          <Match when={hasRows()}>
            <Feed
              studio={studio}
              bottom={bottom}
              density={density.selected}
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
          <Match when={studio.loadState().first === 'ready'}>
            <Welcome onSuggestion={studio.fillPrompt} />
          </Match>
        </Switch>
      </main>
      <div inert={isCovered()}>
        <Composer
          composer={studio.composer}
          hasModels={studio.hasModels()}
          onPromptMount={studio.mountPrompt}
          onResize={setBottom}
        />
      </div>
      <Show when={page()}>{location => <PageOverlay location={location()} studio={studio} onLeave={showFeed} />}</Show>
      <Show when={studio.shownMedia()}>
        {at => (
          <Lightbox
            at={at()}
            generationWindow={studio.generationWindow()}
            modelsById={studio.modelsById()}
            notices={studio.notices}
            onShow={studio.showMedia}
            onNearOldest={studio.store.loadOlder}
            onNearNewest={studio.store.loadNewer}
            onFavourite={studio.actions.setFavourite}
            onRemove={studio.actions.remove}
            onUseAsReference={studio.useAsReference}
            onCopyPrompt={studio.copyPrompt}
          />
        )}
      </Show>
      <Show when={!isCovered()}>
        <DropZone attachments={studio.composer.attachments} />
      </Show>
      <p class="unseen" role="status">
        {studio.announcement()}
      </p>
      <NoticeBar notices={studio.notices} />
    </>
  )
}
