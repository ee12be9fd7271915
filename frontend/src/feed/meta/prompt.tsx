import { type Accessor, createEffect, createSignal, onCleanup, onMount, Show } from 'solid-js'
import type { Row } from '../../store/generation-window.ts'
import { formatPromptStart } from '../../ui/format.ts'
import type { RowLayout } from '../row-layout.ts'
import { LINE_HEIGHT } from './meta-layout.ts'

/** The heights of prompts that are shown whole, as far as the layout of the feed depends on them. */
export interface PromptHeights {
  isPromptOpen: (key: string) => boolean
  /** Sets the height of a prompt, in CSS pixels; null while only its beginning is shown. */
  setPromptHeight: (key: string, height: number | null) => void
}

interface PromptProps {
  key: string
  row: Accessor<Row | undefined>
  layout: Accessor<RowLayout | undefined>
  promptHeights: PromptHeights
  /** Shows the whole prompt elsewhere: here it is one line that cannot be opened. */
  onShow: (() => void) | undefined
}

/** The beginning of the prompt, or all of it. A ResizeObserver reports its whole height, so that no layout is forced. */
export function Prompt(props: PromptProps) {
  const [fullHeight, setFullHeight] = createSignal(0)
  const [isOpen, setOpen] = createSignal(props.promptHeights.isPromptOpen(props.key))
  let text: HTMLParagraphElement | undefined
  const prompt = () => props.row()?.generation.prompt ?? ''
  const collapsed = () => props.layout()?.meta.collapsedPromptHeight ?? LINE_HEIGHT
  const isLong = () => props.onShow === undefined && fullHeight() > collapsed() + 1
  const label = () => `${isOpen() ? 'show less' : 'show all'} of the prompt: ${formatPromptStart(prompt())}`

  /** Shows the rest of a line that is cut off, unless the click has selected text in it. */
  const showRest = () => {
    const isCut = text && text.scrollWidth > text.clientWidth
    if (isCut && getSelection()?.isCollapsed) props.onShow?.()
  }

  const toggle = () => {
    setOpen(!isOpen())
    props.promptHeights.setPromptHeight(props.key, isOpen() ? fullHeight() : null)
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
    const isChanged = before !== 0 && before !== height
    // The layout changes outside of reactive computations only: see createFeedView.
    if (isOpen() && isChanged) queueMicrotask(() => props.promptHeights.setPromptHeight(props.key, height))
    return height
  }, 0)

  return (
    <div
      class="prompt"
      data-clamped={isLong() && !isOpen()}
      style={{
        'max-height': `${props.layout()?.meta.promptHeight ?? collapsed()}px`,
        '--lines-height': `${collapsed()}px`,
      }}
    >
      {/* biome-ignore lint/a11y: the menu of the row does the same, with keys too. */}
      <p ref={text} id={`prompt-${props.key}`} dir="auto" onClick={showRest}>
        {prompt()}
      </p>
      <Show when={isLong()}>
        <button type="button" class="prompt-more" aria-expanded={isOpen()} aria-label={label()} onClick={toggle}>
          {isOpen() ? 'show less' : 'show all'}
        </button>
      </Show>
    </div>
  )
}
