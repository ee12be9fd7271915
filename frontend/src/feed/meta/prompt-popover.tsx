import type { Generation } from '@darkroom/contracts/generation'
import { onCleanup, onMount } from 'solid-js'
import { formatPromptStart } from '../../ui/format.ts'

interface PromptPopoverProps {
  generation: Generation
  onCopy: (generation: Generation) => void
  onClose: () => void
}

/** The whole prompt of a row that shows one line of it. It lies over the feed: no row changes its height. */
export function PromptPopover(props: PromptPopoverProps) {
  let popover: HTMLDivElement | undefined
  let button: HTMLButtonElement | undefined

  function copy() {
    popover?.hidePopover()
    props.onCopy(props.generation)
  }

  onMount(() => {
    showAtPrompt(popover)
    button?.focus(NO_SCROLL)
    const close = () => popover?.hidePopover()
    const closed = new AbortController()
    const closeOutside = ({ target }: Event) => {
      if (!(target instanceof Node && popover?.contains(target))) close()
    }
    // Who scrolls on has read it. The feed alone also scrolls when it gets a new row.
    for (const type of ['wheel', 'touchmove'])
      window.addEventListener(type, closeOutside, { signal: closed.signal, passive: true })
    window.addEventListener('resize', close, { signal: closed.signal })
    onCleanup(() => closed.abort())
  })
  return (
    <div
      ref={popover}
      class="prompt-popover"
      role="dialog"
      popover="auto"
      aria-label={`Prompt: ${formatPromptStart(props.generation.prompt)}`}
      on:toggle={event => event.newState === 'closed' && props.onClose()}
    >
      {/* A long text is scrolled with keys. */}
      <p dir="auto" tabindex="0">
        {props.generation.prompt}
      </p>
      <button ref={button} type="button" class="quiet" onClick={copy}>
        Copy prompt
      </button>
    </div>
  )
}

/** Distance from the edges of the window, and of the text from the edge of its box, in CSS pixels. */
const EDGE_GAP = 8
const PADDING = 16
const NO_SCROLL = { preventScroll: true }
/** The tab stop of a row, which is none of the popover. */
const ROW_STOP = 'button[tabindex="0"]'

/** Shows the popover in the top layer over the line of the prompt, which goes on in it, and within the window. */
function showAtPrompt(popover: HTMLElement | undefined) {
  const line = popover?.closest('.note')?.querySelector('.prompt')?.getBoundingClientRect()
  if (!popover || !line) return
  // The focus returns to what had it: after a click on the text, which cannot have it, that is the row.
  const isUnfocused = document.activeElement === document.body
  if (isUnfocused) popover.closest('article')?.querySelector<HTMLElement>(ROW_STOP)?.focus(NO_SCROLL)
  popover.showPopover()
  const { width, height } = popover.getBoundingClientRect()
  const { clientWidth, clientHeight } = document.documentElement
  const within = (at: number, size: number, limit: number) => Math.max(EDGE_GAP, Math.min(at, limit - EDGE_GAP - size))
  popover.style.top = `${within(line.top - PADDING, height, clientHeight)}px`
  popover.style.left = `${within(line.left - PADDING, width, clientWidth)}px`
}
