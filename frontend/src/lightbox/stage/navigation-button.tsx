import { Icon } from '../../ui/icons.tsx'

interface NavigationButtonProps {
  direction: 'previous' | 'next'
  /** Whether there is nothing to show in that direction. */
  isEnd: boolean
  onNavigate: () => void
}

/** The button at a side of the lightbox that shows the neighbour. */
export function NavigationButton(props: NavigationButtonProps) {
  return (
    <button
      type="button"
      class={`turn turn-${props.direction}`}
      aria-label={props.direction === 'previous' ? 'Previous picture' : 'Next picture'}
      aria-disabled={props.isEnd}
      onClick={() => props.onNavigate()}
    >
      <Icon name={props.direction} />
    </button>
  )
}
