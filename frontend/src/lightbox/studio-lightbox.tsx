import { Show } from 'solid-js'
import type { Studio } from '../studio.ts'
import { createLightboxHistory } from './history/lightbox-history.ts'
import { LightboxDialog } from './lightbox-dialog.tsx'
import { createLightboxPreload } from './lightbox-loader.ts'

/** The lightbox with the studio's actions, while an output is shown, and its entry in the browser's history. */
export function StudioLightbox(props: { studio: Studio }) {
  const { studio } = props
  createLightboxPreload()
  createLightboxHistory({ ...studio, isReady: () => studio.loadState().first === 'ready' })
  return (
    <Show when={studio.shownMedia()}>
      {at => (
        <LightboxDialog
          at={at()}
          generationWindow={studio.generationWindow()}
          modelsById={studio.modelsById()}
          notices={studio.notices}
          onShow={studio.showMedia}
          onNearOldest={studio.store.loadOlder}
          onNearNewest={studio.store.loadNewer}
          onFavourite={studio.actions.setFavourite}
          onRemoveOutput={studio.actions.removeOutput}
          onRestore={studio.actions.restoreFromTrash}
          onUseAsReference={studio.useAsReference}
          onShowKeys={() => studio.library.setDialog('keys')}
          onCopyPrompt={studio.copyPrompt}
          onReuse={studio.reuse}
          listOutputVerbs={studio.listOutputVerbs}
          lineage={studio.lineage}
        />
      )}
    </Show>
  )
}
