import { createSignal, lazy, Match, onCleanup, onMount, Show, Switch } from 'solid-js'
import { Icon } from '../ui/icons.tsx'
import { AttachmentList } from './attachments/attachment-list.tsx'
import type { ComposerState } from './composer-state.ts'
import { Controls } from './controls.tsx'
import { FilePicker } from './file-picker.tsx'
import { ModelLine } from './model-line.tsx'
import { PromptField } from './prompt-field.tsx'

interface ComposerProps {
  composer: ComposerState
  /** Whether the studio offers a model, undefined until that is known. */
  hasModels: boolean | undefined
  onPromptMount: (field: HTMLTextAreaElement) => void
  /** Called with the composer's height, in CSS pixels. */
  onResize: (pixels: number) => void
}

const ModelPicker = lazy(() => import('./models/model-picker.tsx').catch(() => ({ default: PanelFailed })))
const SizePanel = lazy(() => import('./size-panel.tsx').catch(() => ({ default: PanelFailed })))
const MoreSettings = lazy(() => import('./more-settings.tsx').catch(() => ({ default: PanelFailed })))
const PANELS = { models: ModelPicker, size: SizePanel, settings: MoreSettings }

/** The form for the next generation. It can be used again at once after sending. */
export function Composer(props: ComposerProps) {
  const { composer } = props
  const [modelButton, setModelButton] = createSignal<HTMLButtonElement>()
  let slot: HTMLDivElement | undefined

  onMount(() => {
    const observer = new ResizeObserver(entries => {
      const pixels = Math.ceil(entries[0]?.borderBoxSize[0]?.blockSize ?? 0)
      document.documentElement.style.setProperty('--composer-height', `${pixels}px`)
      props.onResize(pixels)
    })
    if (slot) observer.observe(slot)
    onCleanup(() => observer.disconnect())
  })

  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    composer.send()
  }

  return (
    <div ref={slot} class="composer-slot">
      <form class="composer" aria-label="New generation" onSubmit={submit}>
        <AttachmentList attachments={composer.attachments} model={composer.model()} />
        <PromptField
          prompt={composer.draft.prompt}
          onInput={prompt => composer.setDraft('prompt', prompt)}
          onSend={composer.send}
          onMount={props.onPromptMount}
        />
        <ComposerProblems composer={composer} hasModels={props.hasModels} />
        <ComposerPanels composer={composer} modelButton={modelButton()} />
        <ComposerBar composer={composer} onModelButtonMount={setModelButton} />
        <ModelLine model={composer.model()} models={composer.models()} hasModels={props.hasModels} />
      </form>
    </div>
  )
}

/** The part of the composer that is open. */
function ComposerPanels(props: { composer: ComposerState; modelButton: HTMLButtonElement | undefined }) {
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
            <MoreSettings {...choices()} model={model()} />
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

function ComposerProblems(props: Pick<ComposerProps, 'composer' | 'hasModels'>) {
  const name = () => props.composer.model()?.name
  return (
    <>
      <Show when={props.composer.excessCharacters() > 0}>
        <p class="composer-problem" role="status">
          {props.composer.excessCharacters().toLocaleString('en')} characters more than {name()} reads.
        </p>
      </Show>
      <Show when={props.composer.missingReferences() > 0 && props.composer.draft.prompt.trim() !== ''}>
        <p class="composer-problem" role="status">
          {name()} needs {props.composer.missingReferences()} more reference
          {props.composer.missingReferences() === 1 ? '' : 's'}.
        </p>
      </Show>
      <Show when={props.hasModels === false}>
        <p class="composer-problem" role="status">
          No model is set up in this studio, so nothing can be made yet.
        </p>
      </Show>
    </>
  )
}

function ComposerBar(props: { composer: ComposerState; onModelButtonMount: (button: HTMLButtonElement) => void }) {
  return (
    <div class="composer-bar">
      <FilePicker onPick={files => props.composer.attachments.addFiles(files)} />
      <Show when={props.composer.model()}>
        {model => (
          <Controls
            model={model()}
            draft={props.composer.adaptedDraft()}
            setDraft={props.composer.setDraft}
            panel={props.composer.panel()}
            togglePanel={props.composer.togglePanel}
            onModelButtonMount={props.onModelButtonMount}
            preloadPanel={panel => void PANELS[panel].preload()}
          />
        )}
      </Show>
      <p class="promise">{props.composer.estimates().join(' · ')}</p>
      <button type="submit" class="solid generate" disabled={!props.composer.canSend()}>
        <span>Generate</span>
        <Icon name="send" />
      </button>
    </div>
  )
}
