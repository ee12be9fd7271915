/** Controls that use all keys themselves. */
const OWN_KEYS = 'input:not([type=radio]), select, textarea, [role=menu], [role=menu] *'
/** Keys that move the line of a comparison while it has the focus, as it has from the start. */
const SLIDER_KEYS = new Set(['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End', 'PageUp', 'PageDown'])
/** Keys that a video's own controls use while they have the focus. */
const VIDEO_KEYS = new Set(['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', ' '])
/** Keys that go on while they are down. Every other one acts once: a picture that follows a deleted one is not deleted as well. */
const REPEATING_KEYS = new Set(['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', '+', '=', '-', ',', '.'])
/** Keys that press the button that has the focus. */
const PRESS_KEYS = new Set([' ', 'Enter'])

/**
 * Creates a handler that calls a function for each key, wherever in the dialog the focus is. Keys with Ctrl, ⌘ or Alt, and those that
 * the control with the focus uses itself, are left alone. A handled key goes no further, and acts once while it is down unless it moves.
 */
export function createKeyBindings(bindings: Readonly<Record<string, (event: KeyboardEvent) => void>>) {
  return (event: KeyboardEvent) => {
    const run = event.ctrlKey || event.metaKey || event.altKey ? undefined : bindings[event.key]
    if (!run || isUsedByTarget(event)) return
    event.preventDefault()
    event.stopPropagation()
    if (!event.repeat || REPEATING_KEYS.has(event.key)) run(event)
  }
}

function isUsedByTarget({ key, target }: KeyboardEvent): boolean {
  if (!(target instanceof Element)) return false
  if (target.matches(OWN_KEYS)) return true
  if (target.matches('[role=slider]')) return SLIDER_KEYS.has(key)
  if (target.matches('video')) return VIDEO_KEYS.has(key)
  return PRESS_KEYS.has(key) && target.matches('button, a')
}
