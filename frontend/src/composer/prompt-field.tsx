import { createEffect, onMount } from 'solid-js'
import type { Studio } from '../studio.ts'

const HAS_FIELD_SIZING = CSS.supports('field-sizing', 'content')

/** The prompt. Enter sends, Shift+Enter breaks the line, Ctrl or ⌘ with Enter always sends. */
export function PromptField(props: { studio: Studio }) {
  const { composing: composer } = props.studio
  let field: HTMLTextAreaElement | undefined

  const onKeyDown = (event: KeyboardEvent) => {
    // While a word is being composed, Enter chooses it.
    if (event.isComposing || event.keyCode === 229) return
    const isSend = event.key === 'Enter' && (event.ctrlKey || event.metaKey || !(event.shiftKey || event.altKey))
    if (isSend) {
      event.preventDefault()
      composer.send()
    }
    if (event.key === 'PageUp' || event.key === 'PageDown') scrollFeed(event)
  }

  onMount(() => {
    if (!field) return
    props.studio.mountPrompt(field)
    if (matchMedia('(hover) and (pointer: fine)').matches) field.focus({ preventScroll: true })
  })

  createEffect(() => {
    const { prompt } = composer.draft
    if (field && !HAS_FIELD_SIZING) resizeToText(field, prompt)
  })

  return (
    <textarea
      ref={field}
      class="prompt-field"
      rows={1}
      aria-label="Prompt"
      placeholder="What do you want to see?"
      autocomplete="off"
      enterkeyhint="send"
      value={composer.draft.prompt}
      onInput={event => composer.setDraft('prompt', event.currentTarget.value)}
      onKeyDown={onKeyDown}
    />
  )
}

/** The keys that turn pages turn the feed's, unless the prompt itself is longer than its field. */
function scrollFeed(event: KeyboardEvent) {
  const field = event.currentTarget
  if (!(field instanceof HTMLElement) || field.scrollHeight > field.clientHeight + 1) return
  event.preventDefault()
  window.scrollBy({ top: (event.key === 'PageUp' ? -0.85 : 0.85) * innerHeight })
}

/** For browsers without `field-sizing`. The style sheet sets the most. */
function resizeToText(field: HTMLTextAreaElement, prompt: string) {
  field.style.setProperty('height', 'auto')
  if (prompt !== '') field.style.setProperty('height', `${field.scrollHeight}px`)
}
