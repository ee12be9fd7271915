import { createEffect, createSignal, Match, on, onCleanup, onMount, Show, Switch } from 'solid-js'
import { Icon } from '../../ui/icons.tsx'
import type { MediaItem } from '../gallery.ts'
import { type FileState, readFileState } from './file-state.ts'

interface MissingFileProps {
  media: MediaItem
  /** Fills the composer with what it was made from. */
  onReuse: (() => void) | undefined
  /** Loads it again. */
  onRetry: () => void
}

/** Stands where an output would be of which neither the file nor a preview can be shown: why, and what can be done. */
export function MissingFile(props: MissingFileProps) {
  const [state, setState] = createSignal<FileState>()
  createEffect(
    on(
      () => props.media.url,
      async url => {
        setState(undefined)
        const read = await readFileState(url)
        if (url === props.media.url) setState(read)
      },
    ),
  )
  const noun = () => (props.media.output.kind === 'video' ? 'video' : 'picture')
  // What was not reached may be so now.
  const retry = () => state() === 'unreachable' && props.onRetry()
  onMount(() => window.addEventListener('online', retry))
  onCleanup(() => window.removeEventListener('online', retry))
  return (
    <Show when={state()}>
      <section class="missing-file" role="status">
        <Icon name={state() === 'unreachable' ? 'clock' : 'warning'} />
        <Switch>
          <Match when={state() === 'gone'}>
            <h2>This {noun()} is lost</h2>
            <p>
              Its file is not in the studio’s store any more, and neither is its preview. A backup may still have it.
              The prompt and all settings are here: it can be made again.
            </p>
          </Match>
          <Match when={state() === 'unreachable'}>
            <h2>This {noun()} cannot be loaded right now</h2>
            <p>The studio, or the store with its files, does not answer.</p>
          </Match>
          <Match when={state() === 'present'}>
            <h2>This {noun()} cannot be shown here</h2>
            <p>The file is there, but this browser cannot read it. It can still be downloaded.</p>
          </Match>
        </Switch>
        <div class="missing-file-actions">
          <Show when={state() === 'gone' && props.onReuse}>
            {reuse => (
              <button type="button" class="on-backdrop" onClick={() => reuse()()}>
                Reuse its settings
              </button>
            )}
          </Show>
          <button type="button" class="on-backdrop" onClick={() => props.onRetry()}>
            Load again
          </button>
        </div>
      </section>
    </Show>
  )
}
