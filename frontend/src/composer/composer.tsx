import { createSignal, onCleanup, onMount, Show } from 'solid-js'
import type { Studio } from '../studio.ts'
import { Icon } from '../ui/icons.tsx'
import { AttachmentList } from './attachment-list.tsx'
import { Controls } from './controls.tsx'
import { MoreSettings } from './more-settings.tsx'
import { PromptField } from './prompt-field.tsx'

const ACCEPTED_TYPES = 'image/png,image/jpeg,image/webp,image/avif,image/gif'

/** Where the next generation is written. Sending never blocks it. */
export function Composer(props: { studio: Studio; onResize: (pixels: number) => void }) {
  const { composing: composer } = props.studio
  const [isExpanded, setExpanded] = createSignal(false)
  let slot: HTMLDivElement | undefined
  let files: HTMLInputElement | undefined

  onMount(() => {
    const observer = new ResizeObserver(entries => {
      const pixels = Math.ceil(entries[0]?.borderBoxSize[0]?.blockSize ?? 0)
      document.documentElement.style.setProperty('--composer-height', `${pixels}px`)
      props.onResize(pixels)
    })
    if (slot) observer.observe(slot)
    onCleanup(() => observer.disconnect())
  })

  const addPickedFiles = () => {
    composer.attachments.addFiles(files?.files ?? [])
    if (files) files.value = ''
  }

  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    composer.send()
  }

  /** Until the models are known there is room for what the first one says, so that nothing jumps when it does. */
  const modelNote = () => (props.studio.hasModels() === undefined ? '\u00a0' : composer.model()?.note)
  return (
    <div ref={slot} class="composer-slot">
      <form class="composer" aria-label="New generation" data-more={isExpanded()} onSubmit={submit}>
        <AttachmentList studio={props.studio} />
        <Show when={isExpanded() && composer.model()}>
          {model => <MoreSettings studio={props.studio} model={model()} />}
        </Show>
        <PromptField studio={props.studio} />
        <Show when={composer.surplus() > 0}>
          <p class="composer-problem" role="status">
            {composer.surplus().toLocaleString('en')} characters more than {composer.model()?.name} reads.
          </p>
        </Show>
        <Show when={props.studio.hasModels() === false}>
          <p class="composer-problem" role="status">
            No model is set up in this studio, so nothing can be made yet.
          </p>
        </Show>
        <div class="composer-bar">
          <button
            type="button"
            class="chip icon-only"
            aria-label="Attach reference pictures"
            title="Attach reference pictures"
            onClick={() => files?.click()}
          >
            <Icon name="attach" />
          </button>
          <input
            ref={files}
            class="unseen"
            type="file"
            accept={ACCEPTED_TYPES}
            multiple
            tabIndex={-1}
            aria-hidden="true"
            onChange={addPickedFiles}
          />
          <Controls studio={props.studio} isExpanded={isExpanded()} onToggle={() => setExpanded(open => !open)} />
          <p class="promise">{composer.promise().join(' · ')}</p>
          <button type="submit" class="solid generate" disabled={!composer.canSend()}>
            <span>Generate</span>
            <Icon name="send" />
          </button>
        </div>
        <Show when={modelNote()}>{note => <p class="model-note">{note()}</p>}</Show>
      </form>
    </div>
  )
}
