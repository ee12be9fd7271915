/** Creates a handler that calls a function for each key. Keys with Ctrl, ⌘ or Alt, and those of a control, are left alone. */
export function createKeyBindings(bindings: Record<string, () => void>) {
  return (event: KeyboardEvent) => {
    const run = event.ctrlKey || event.metaKey || event.altKey ? undefined : bindings[event.key]
    if (!run || event.target instanceof HTMLVideoElement || event.target instanceof HTMLInputElement) return
    event.preventDefault()
    run()
  }
}
