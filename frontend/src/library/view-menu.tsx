import { createUniqueId } from 'solid-js'
import { Icon } from '../ui/icons.tsx'
import { lazyPart } from '../ui/lazy-part.tsx'
import type { ViewChoicesProps } from './view-choices.tsx'

const ViewChoices = lazyPart(async () => ({ default: (await import('./view-choices.tsx')).ViewChoices }))

/** The button of the view's choices: the size of the pictures, the theme, a date; in a narrow window also the sections. */
export function ViewMenu(props: ViewChoicesProps) {
  const id = createUniqueId()
  let panel: HTMLElement | undefined
  return (
    <>
      <button type="button" class="quiet view-button" popovertarget={id} aria-label="View">
        <span>View</span>
        <Icon name="expand" />
        <Icon name="settings" />
      </button>
      <section ref={panel} id={id} class="view-menu" popover="auto" aria-label="View">
        <ViewChoices {...props} onClose={() => panel?.hidePopover()} />
      </section>
    </>
  )
}
