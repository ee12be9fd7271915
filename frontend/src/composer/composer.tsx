import { createSignal, For, onCleanup, onMount, Show } from 'solid-js'
import { Icon } from '../ui/icons.tsx'
import { lazyPart } from '../ui/lazy-part.tsx'
import { createIdlePreload } from '../ui/preload.ts'
import { observeComposerSize } from './composer-size.ts'
import type { ComposerState } from './composer-state.ts'
import { FilePicker } from './file-picker.tsx'
import { ModelLine } from './model-line.tsx'
import { PromptField } from './prompt-field.tsx'

interface ComposerProps {
  composer: ComposerState
  /** Whether the studio offers a model, undefined until that is known. */
  hasModels: boolean | undefined
  /** Whether nothing has been made yet: the way to a connection then stands above the composer. */
  isFirst: boolean
  onPromptMount: (field: HTMLTextAreaElement) => void
  /** Called with the height that the resting composer takes at the bottom of the page, in CSS pixels. */
  onResize: (pixels: number) => void
}

const AttachmentList = lazyPart(async () => ({
  default: (await import('./attachments/attachment-list.tsx')).AttachmentList,
}))
const ParentLine = lazyPart(async () => ({ default: (await import('./parent/parent-line.tsx')).ParentLine }), null)
const OriginLines = lazyPart(async () => ({ default: (await import('./origin/origin-lines.tsx')).OriginLines }), null)
const Controls = lazyPart(async () => ({ default: (await import('./controls.tsx')).Controls }))
const ComposerPanels = lazyPart(async () => ({
  default: (await import('./panels/composer-panels.tsx')).ComposerPanels,
}))

/** The form for the next generation. It can be used again at once after sending. */
export function Composer(props: ComposerProps) {
  const { composer } = props
  createIdlePreload([AttachmentList])
  const [modelButton, setModelButton] = createSignal<HTMLButtonElement>()
  let slot: HTMLDivElement | undefined

  onMount(() => slot && onCleanup(observeComposerSize(slot, pixels => props.onResize(pixels))))

  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    composer.send()
  }

  return (
    <div ref={slot} class="composer-slot">
      <form class="composer" aria-label="New generation" onSubmit={submit}>
        <Show when={composer.parent()}>
          <ParentLine parent={composer.parent()} onRemove={() => composer.setParent(null)} />
        </Show>
        <Show when={composer.attachments.list.length > 0}>
          <AttachmentList
            attachments={composer.attachments}
            model={composer.model()}
            roles={composer.roles()}
            onRemove={composer.removeAttachment}
          >
            <OriginLines attachments={composer.attachments.list} origins={composer.origins} />
          </AttachmentList>
        </Show>
        <PromptField
          prompt={composer.draft.prompt}
          onInput={prompt => composer.setDraft('prompt', prompt)}
          onSend={composer.send}
          onMount={props.onPromptMount}
        />
        <ComposerProblems composer={composer} hasModels={props.hasModels} />
        <ComposerPanels composer={composer} modelButton={modelButton()} />
        <ComposerBar composer={composer} onModelButtonMount={setModelButton} />
        <ModelLine
          model={composer.model()}
          models={composer.models()}
          hasModels={props.hasModels}
          isAbove={props.isFirst}
        />
      </form>
    </div>
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
      <Show when={props.composer.draft.prompt.trim() !== ''}>
        <For each={props.composer.missingReferences()}>
          {sentence => (
            <p class="composer-problem" role="status">
              {sentence}
            </p>
          )}
        </For>
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
      <div class="composer-options">
        <FilePicker onPick={files => void props.composer.attachments.addFiles(files)} />
        <Show when={props.composer.model()}>
          {model => (
            <Controls
              model={model()}
              draft={props.composer.adaptedDraft()}
              setDraft={props.composer.setDraft}
              panel={props.composer.panel()}
              togglePanel={props.composer.togglePanel}
              onModelButtonMount={props.onModelButtonMount}
            />
          )}
        </Show>
      </div>
      <div class="composer-send">
        <p class="promise">
          <For each={props.composer.estimates()}>{estimate => <span>{estimate}</span>}</For>
        </p>
        <button type="submit" class="solid generate" disabled={!props.composer.canSend()}>
          <span>Generate</span>
          <Icon name="send" />
        </button>
      </div>
    </div>
  )
}
