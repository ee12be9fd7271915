import { type JSX, onMount } from 'solid-js'
import { Icon } from '../../ui/icons.tsx'

interface PanelProps {
  title: string
  onClose: () => void
  /** Whether the heading does not take the focus: a field of the panel does. */
  isFocusElsewhere?: boolean
  children: JSX.Element
}

/** The panel beside the list; on a narrow window it takes the whole page. */
export function Panel(props: PanelProps) {
  let heading: HTMLHeadingElement | undefined
  onMount(() => {
    if (!props.isFocusElsewhere) heading?.focus({ preventScroll: true })
  })
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') props.onClose()
  }
  return (
    <section class="settings-panel" aria-label={props.title} onKeyDown={onKeyDown}>
      <div class="panel-heading">
        <button
          type="button"
          class="quiet icon-only panel-back"
          aria-label="Back to the connections"
          onClick={props.onClose}
        >
          <Icon name="previous" />
        </button>
        <h2 ref={heading} tabindex="-1">
          {props.title}
        </h2>
        <button
          type="button"
          class="quiet icon-only panel-close"
          aria-label={`Close: ${props.title}`}
          onClick={props.onClose}
        >
          <Icon name="close" />
        </button>
      </div>
      {props.children}
    </section>
  )
}
