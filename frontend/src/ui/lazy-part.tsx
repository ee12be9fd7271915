import { type Component, createComponent, createSignal, type JSX, onCleanup, Show } from 'solid-js'
import { createLoadOnce } from './load-once.ts'

/** A component whose code is loaded when it is first rendered, or before that by `preload`. */
export interface LazyPart<Props extends object> {
  (props: Props): JSX.Element
  /** Loads the code ahead of its use. After a failure it is requested again when it is needed. */
  preload(): Promise<void>
}

/**
 * Creates a component whose code is loaded by `load`. Once that is there it renders at once; until then it renders `Loading`, and `Failed`
 * if it cannot be loaded. It is requested again when the browser is online again.
 *
 * @param Failed a message with a way on; null for a part that the page can do without
 * @param Loading rendered until the code is there; nothing unless given
 */
export function lazyPart<Props extends object>(
  load: () => Promise<{ default: Component<Props> }>,
  Failed: Component | null = PartFailed,
  Loading: Component<Props> | null = null,
): LazyPart<Props> {
  const code = createLoadOnce(load)
  const createFailed = () => Failed && createComponent(Failed, {})

  function Part(props: Props): JSX.Element {
    const present = code.current()
    if (present) return createComponent(present.default, props)
    const [component, setComponent] = createSignal<Component<Props>>()
    const request = () =>
      void code.request().then(
        part => setComponent(() => part.default),
        () => {
          setComponent(() => createFailed)
          window.addEventListener('online', request, { once: true })
        },
      )
    request()
    onCleanup(() => window.removeEventListener('online', request))
    return (
      <Show when={component()} keyed fallback={Loading && createComponent(Loading, props)}>
        {part => createComponent(part, props)}
      </Show>
    )
  }

  return Object.assign(Part, { preload: code.preload })
}

/** The message about parts that could not be loaded, once however many they are. Not every browser tries a failed import again, so the document is. */
function PartFailed() {
  if (document.querySelector('.part-failed')) return null
  const message = (
    <p class="part-failed" role="alert">
      <span>A part of this page could not be loaded. The studio may be starting again, or was updated.</span>{' '}
      <button type="button" class="quiet" onClick={() => location.reload()}>
        Reload
      </button>
    </p>
  ) as HTMLElement
  // Not in place of the part, which may be in something that is hidden or cut off.
  document.body.append(message)
  onCleanup(() => message.remove())
  return null
}
