import { Match, Show, Switch } from 'solid-js'
import { lazyPart } from '../../ui/lazy-part.tsx'
import type { ComposerPanel, ComposerState } from '../composer-state.ts'

const ModelPicker = lazyPart(() => import('../models/model-picker.tsx'), PanelFailed)
const SizePanel = lazyPart(() => import('./size-panel.tsx'), PanelFailed)
const MoreSettings = lazyPart(() => import('./more-settings.tsx'), PanelFailed)
const PANELS = { models: ModelPicker, size: SizePanel, settings: MoreSettings }

/** Loads the script of a panel that is about to be opened. */
export function preloadPanel(panel: Exclude<ComposerPanel, null>): void {
  void PANELS[panel].preload()
}

/** The part of the composer that is open. */
export function ComposerPanels(props: { composer: ComposerState; modelButton: HTMLButtonElement | undefined }) {
  const { composer } = props
  // On a phone the button is there only while the composer has the focus, which the picker would take with it.
  const closePicker = () => {
    props.modelButton?.focus({ preventScroll: true })
    composer.setPanel(null)
  }
  const chooseModel = (id: string) => {
    composer.setDraft('model', id)
    closePicker()
  }
  const choices = () => ({ draft: composer.adaptedDraft(), setDraft: composer.setDraft })
  return (
    <Show when={composer.model()}>
      {model => (
        <Switch>
          <Match when={composer.panel() === 'models'}>
            <ModelPicker
              models={composer.models()}
              model={model()}
              draft={composer.draft}
              onChoose={chooseModel}
              onClose={closePicker}
              onLeave={() => composer.setPanel(null)}
            />
          </Match>
          <Match when={composer.panel() === 'size'}>
            <SizePanel {...choices()} model={model()} firstSize={composer.references().firstSize} />
          </Match>
          <Match when={composer.panel() === 'settings'}>
            <MoreSettings {...choices()} model={model()} reused={composer.reused()} />
          </Match>
        </Switch>
      )}
    </Show>
  )
}

/** Stands in for a part of the composer whose script cannot be loaded. */
function PanelFailed() {
  return (
    <p class="composer-problem" role="alert">
      This could not be loaded. Reload the page to try again.
    </p>
  )
}
