/** A key that is pressed before the code of the keys is there. */
type EarlyKey = Pick<KeyboardEvent, 'key' | 'altKey' | 'ctrlKey' | 'metaKey' | 'target'>

const TYPING = 'input, textarea, select, [contenteditable], dialog, [popover], [role=menu]'

/** Returns whether a key waits for the code: every one but Enter and Space on a control, which the browser presses by itself. */
export function isQueued({ key, target }: EarlyKey): boolean {
  return (key !== 'Enter' && key !== ' ') || matches(target, '[data-output-index]')
}

/** Returns whether the browser must not use a key that waits: it would be typed into what has the focus when it acts, or act twice. */
export function isPrevented(event: EarlyKey): boolean {
  const { key, target } = event
  if (event.altKey || ((event.ctrlKey || event.metaKey) && key !== 'a')) return false
  if (key === 'Enter' || key === ' ') return matches(target, '[data-output-index]')
  if (key.length === 1 && isPrompt(target)) return isOutsidePrompt(event)
  return key.length === 1 && !(target instanceof Element && target.closest(TYPING))
}

/** Keys with which no prompt begins: that of the search, and that of all keys. */
const OUTSIDE_PROMPT: readonly string[] = ['/', '?']

/** Returns whether a key in the prompt is not meant for it. */
export function isOutsidePrompt({ key, target }: Pick<KeyboardEvent, 'key' | 'target'>): boolean {
  return OUTSIDE_PROMPT.includes(key) && isPrompt(target) && target.value === ''
}

/** Returns whether an element is the prompt, which has the focus from the start. */
export function isPrompt(target: EventTarget | null): target is HTMLTextAreaElement {
  return matches(target, '.composer textarea')
}

function matches(target: EventTarget | null, selector: string): boolean {
  return target instanceof Element && target.matches(selector)
}
