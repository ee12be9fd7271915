import { isOutsidePrompt, isPrompt } from './early-key.ts'
import { findKeyBinding, type KeyAction } from './key-bindings.ts'

export interface KeyboardOptions {
  /** Whether the keys are those of something that is open over the feed. */
  isCovered: () => boolean
  /** Runs an action. @returns false if there was nothing to do it with, so that the key does what it does in the browser */
  run: (action: KeyAction) => boolean
}

/**
 * Handles `keydown`.
 *
 * @param isUsed whether something else has used the key: by default if the browser's use of it is prevented
 */
type KeyHandler = (event: KeyboardEvent, isUsed?: boolean) => void

/** Creates the handler of the feed's keys. Fields, menus and dialogs have theirs to themselves. */
export function createKeyboard({ isCovered, run }: KeyboardOptions): KeyHandler {
  return (event, isUsed = event.defaultPrevented) => {
    if (isUsed || event.isComposing || isCovered()) return
    if (leavePrompt(event) || hasOwnKeys(event)) return
    const binding = findKeyBinding(event)
    if (!binding) return
    const isAgain = event.repeat && !binding.repeats
    if (isAgain || run(binding.action)) event.preventDefault()
  }
}

/** Takes the focus from the prompt on Escape: the keys are the feed's again. */
function leavePrompt({ key, target }: KeyboardEvent): boolean {
  if (key !== 'Escape' || !isPrompt(target)) return false
  target.blur()
  return true
}

/** Controls in which letters are typed or chosen by. */
const TYPING =
  'input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable=true], dialog, [popover], [role=menu]'
/** Controls that Enter and Space press. */
const PRESSED = 'button:not([data-output-index]), a, summary, label, input'

function hasOwnKeys(event: KeyboardEvent): boolean {
  const { target, key } = event
  if (!(target instanceof Element)) return false
  if (isOutsidePrompt(event)) return false
  if (document.querySelector('dialog[open]') !== null || target.closest(TYPING) !== null) return true
  const isPress = key === 'Enter' || key === ' '
  return isPress && target.closest(PRESSED) !== null
}
