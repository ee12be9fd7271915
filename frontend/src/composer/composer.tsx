import { createSignal, onCleanup, onMount, Show } from 'solid-js'
import { Icon } from '../ui/icons.tsx'
import { AttachmentList } from './attachments/attachment-list.tsx'
import type { ComposerState } from './composer-state.ts'
import { Controls } from './controls.tsx'
import { FilePicker } from './file-picker.tsx'
import { MoreSettings } from './more-settings.tsx'
import { PromptField } from './prompt-field.tsx'

interface ComposerProps {
  composer: ComposerState
  /** Whether the studio offers a model, undefined until that is known. */
  hasModels: boolean | undefined
  onPromptMount: (field: HTMLTextAreaElement) => void
  /** Called with the composer's height, in CSS pixels. */
  onResize: (pixels: number) => void
}

/** The form for the next generation. It can be used again at once after sending. */
export function Composer(props: ComposerProps) {
  const { composer } = props
  const [isExpanded, setExpanded] = createSignal(false)
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

  // Reserves a line until the models are known: the first model's note would move the composer otherwise.
  const modelNote = () => (props.hasModels === undefined ? '\u00a0' : composer.model()?.note)
  return (
    <div ref={slot} class="composer-slot">
      <form class="composer" aria-label="New generation" data-more={isExpanded()} onSubmit={submit}>
        <AttachmentList attachments={composer.attachments} model={composer.model()} />
        <Show when={isExpanded() && composer.model()}>
          {model => <MoreSettings draft={composer.draft} setDraft={composer.setDraft} model={model()} />}
        </Show>
        <PromptField
          prompt={composer.draft.prompt}
          onInput={prompt => composer.setDraft('prompt', prompt)}
          onSend={composer.send}
          onMount={props.onPromptMount}
        />
        <ComposerProblems composer={composer} hasModels={props.hasModels} />
        <ComposerBar composer={composer} isExpanded={isExpanded()} onToggle={() => setExpanded(open => !open)} />
        <Show when={modelNote()}>{note => <p class="model-note">{note()}</p>}</Show>
      </form>
    </div>
  )
}

function ComposerProblems(props: Pick<ComposerProps, 'composer' | 'hasModels'>) {
  return (
    <>
      <Show when={props.composer.excessCharacters() > 0}>
        <p class="composer-problem" role="status">
          {props.composer.excessCharacters().toLocaleString('en')} characters more than {props.composer.model()?.name}{' '}
          reads.
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

function ComposerBar(props: { composer: ComposerState; isExpanded: boolean; onToggle: () => void }) {
  return (
    <div class="composer-bar">
      <FilePicker onPick={files => props.composer.attachments.addFiles(files)} />
      <Show when={props.composer.model()}>
        {model => (
          <Controls
            model={model()}
            models={props.composer.models()}
            draft={props.composer.adaptedDraft()}
            setDraft={props.composer.setDraft}
            isExpanded={props.isExpanded}
            onToggle={props.onToggle}
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
