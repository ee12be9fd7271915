import { onMount } from 'solid-js'
import { Icon } from '../ui/icons.tsx'

/**
 * The heading of a page. It takes the focus when the page is opened, names the document, and has the way back where the window is
 * too narrow for the header.
 */
export function PageHeading(props: { title: string; onLeave: () => void; id?: string }) {
  let heading: HTMLHeadingElement | undefined
  onMount(() => {
    document.title = `${props.title} · Darkroom`
    heading?.focus({ preventScroll: true })
  })
  return (
    <div class="page-heading">
      <button
        type="button"
        class="quiet icon-only page-back"
        aria-label="Back to the pictures"
        onClick={() => props.onLeave()}
      >
        <Icon name="previous" />
      </button>
      <h1 ref={heading} id={props.id} tabindex="-1">
        {props.title}
      </h1>
    </div>
  )
}
