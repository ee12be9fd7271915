import { isTerminal } from '@darkroom/contracts/lifecycle'
import { previewUrlAtWidth } from '@darkroom/contracts/previews'
import { type Accessor, createEffect, createSignal, Index, onCleanup, onMount, Show } from 'solid-js'
import type { Row } from '../store/generation-window.ts'
import { listVerbs } from '../store/verbs.ts'
import type { Studio } from '../studio.ts'
import { formatReadyCount, formatSummary } from '../ui/format.ts'
import { Icon } from '../ui/icons.tsx'
import { LINE_HEIGHT, type RowLayout } from './row-layout.ts'
import { VerbButton } from './verb-button.tsx'
import type { FeedView } from './view/feed-view.ts'

interface GenerationMetaProps {
  studio: Studio
  view: FeedView
  key: string
  row: Accessor<Row | undefined>
  layout: Accessor<RowLayout | undefined>
}

/** What a generation was asked for, in words: the prompt, one quiet line of settings, its references, its actions. */
export function GenerationMeta(props: GenerationMetaProps) {
  const geometry = () => props.view.frame().geometry
  const generation = () => props.row()?.generation
  const width = () => `${geometry().metaWidth}px`
  const height = () => (geometry().isMetaBeside ? 'auto' : `${props.layout()?.metaHeight ?? 0}px`)
  return (
    <div class="note" style={{ width: width(), height: height() }}>
      <Prompt {...props} />
      <div class="facts">
        <Show when={props.row()}>{row => <MetaLine studio={props.studio} row={row()} />}</Show>
        <Show when={props.row()}>{row => <Actions studio={props.studio} row={row()} />}</Show>
      </div>
      <Show when={generation()?.references.length}>
        <ul class="references" aria-label="References">
          <Index each={generation()?.references}>
            {(reference, index) => (
              <li>
                <img
                  src={previewUrlAtWidth(reference().previewUrl, 320)}
                  alt={`Reference ${index + 1}`}
                  decoding="async"
                  data-url={reference().url}
                />
              </li>
            )}
          </Index>
        </ul>
      </Show>
    </div>
  )
}

/** The beginning of the prompt, or all of it. Its whole height is known without asking for layout: the observer tells. */
function Prompt(props: GenerationMetaProps) {
  const [fullHeight, setFullHeight] = createSignal(0)
  const [isOpen, setOpen] = createSignal(props.view.isPromptOpen(props.key))
  let text: HTMLParagraphElement | undefined
  const lines = () => props.view.frame().geometry.promptLines * LINE_HEIGHT
  const isLong = () => fullHeight() > lines() + 1

  const show = (open: boolean) => {
    setOpen(open)
    props.view.openPrompt(props.key, open ? fullHeight() : null)
  }

  onMount(() => {
    const observer = new ResizeObserver(entries =>
      setFullHeight(Math.ceil(entries[0]?.borderBoxSize[0]?.blockSize ?? 0)),
    )
    if (text) observer.observe(text)
    onCleanup(() => observer.disconnect())
  })
  createEffect<number>(before => {
    const height = fullHeight()
    if (isOpen() && before !== 0 && before !== height) queueMicrotask(() => props.view.openPrompt(props.key, height))
    return height
  }, 0)

  return (
    <div
      class="prompt"
      data-clamped={isLong() && !isOpen()}
      style={{ 'max-height': `${props.layout()?.promptHeight ?? lines()}px` }}
    >
      <p ref={text} id={`prompt-${props.key}`}>
        {props.row()?.generation.prompt}
      </p>
      <Show when={isLong()}>
        <button type="button" class="prompt-more" aria-expanded={isOpen()} onClick={() => show(!isOpen())}>
          {isOpen() ? 'show less' : 'show all'}
        </button>
      </Show>
    </div>
  )
}

function MetaLine(props: { studio: Studio; row: Row }) {
  const generation = () => props.row.generation
  const model = () => props.studio.modelOf().get(generation().model)
  const isRunning = () => !isTerminal(generation().status) && (props.row.delivery?.state ?? 'sending') === 'sending'
  const parts = () => {
    const items = formatSummary(generation(), model())
    return isRunning() ? [...items, formatReadyCount(generation())] : items
  }
  return (
    <p class="meta" title={model()?.note ?? undefined}>
      {parts().map(withNonBreakingSpaces).join(' · ')}
    </p>
  )
}

/** A line is broken between facts, not within one. */
function withNonBreakingSpaces(part: string): string {
  return part.replaceAll(' ', '\u00a0')
}

function Actions(props: { studio: Studio; row: Row }) {
  return (
    <div class="row-actions">
      <button type="button" class="quiet" onClick={() => props.studio.reuse(props.row.generation)}>
        <Icon name="reuse" />
        <span>Reuse</span>
      </button>
      <button type="button" class="quiet" onClick={() => void props.studio.copyPrompt(props.row.generation)}>
        <Icon name="copy" />
        <span>Copy prompt</span>
      </button>
      <Show when={props.row.delivery === null && listVerbs(props.row.generation).includes('cancel')}>
        <VerbButton
          studio={props.studio}
          verb="cancel"
          generation={props.row.generation}
          variant="quiet"
          icon="close"
        />
      </Show>
      <Show when={props.row.delivery === null}>
        <button type="button" class="quiet" onClick={() => void props.studio.acting.remove(props.row.generation)}>
          <Icon name="bin" />
          <span>Delete</span>
        </button>
      </Show>
    </div>
  )
}
