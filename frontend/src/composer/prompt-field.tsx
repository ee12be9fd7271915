import { createEffect, onMount } from 'solid-js'

const HAS_FIELD_SIZING = CSS.supports('field-sizing', 'content')

interface PromptFieldProps {
  prompt: string
  onInput: (prompt: string) => void
  onSend: () => void
  onMount: (field: HTMLTextAreaElement) => void
}

/** The prompt. Enter sends, Shift+Enter breaks the line, Ctrl or ⌘ with Enter always sends. */
export function PromptField(props: PromptFieldProps) {
  let field: HTMLTextAreaElement | undefined

  const onKeyDown = (event: KeyboardEvent) => {
    // In an input method editor Enter chooses a word. `keyCode` 229: Safari ends the composition before the key event.
    if (event.isComposing || event.keyCode === 229) return
    const isSend = event.key === 'Enter' && (event.ctrlKey || event.metaKey || !(event.shiftKey || event.altKey))
    if (isSend) {
      event.preventDefault()
      props.onSend()
    }
    if (event.key === 'PageUp' || event.key === 'PageDown') scrollFeed(event)
  }

  onMount(() => {
    if (!field) return
    props.onMount(field)
    if (matchMedia('(hover) and (pointer: fine)').matches) field.focus({ preventScroll: true })
  })

  createEffect(() => {
    const { prompt } = props
    if (field && !HAS_FIELD_SIZING) resizeToText(field, prompt)
  })

  return (
    <textarea
      ref={field}
      class="prompt-field"
      rows={1}
      dir="auto"
      aria-label="Prompt"
      placeholder="What do you want to see?"
      autocomplete="off"
      enterkeyhint="send"
      value={props.prompt}
      onInput={event => props.onInput(event.currentTarget.value)}
      onKeyDown={onKeyDown}
    />
  )
}

/** Scrolls the feed by a page instead of the prompt, unless the prompt is longer than its field. */
function scrollFeed(event: KeyboardEvent) {
  const field = event.currentTarget
  if (!(field instanceof HTMLElement) || field.scrollHeight > field.clientHeight + 1) return
  event.preventDefault()
  window.scrollBy({ top: (event.key === 'PageUp' ? -0.85 : 0.85) * innerHeight })
}

/** Resizes the field to its text in browsers without `field-sizing`. The style sheet sets the maximum. */
function resizeToText(field: HTMLTextAreaElement, prompt: string) {
  field.style.setProperty('height', 'auto')
  if (prompt !== '') field.style.setProperty('height', `${field.scrollHeight}px`)
}
