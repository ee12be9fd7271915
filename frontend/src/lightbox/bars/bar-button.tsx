import { Show } from 'solid-js'
import { Icon, type IconName } from '../../ui/icons.tsx'

interface BarButtonProps {
  label: string
  icon: IconName
  /** Shown beside the icon where there is space; by default the icon is alone. */
  text?: string
  title?: string
  isPressed?: boolean
  class?: string
  onPress: () => void
}

/** A button of a bar: an icon, with or without words. */
export function BarButton(props: BarButtonProps) {
  return (
    <button
      type="button"
      class={`on-backdrop ${props.text === undefined ? 'icon-only' : ''} ${props.class ?? ''}`}
      aria-label={props.label}
      aria-pressed={props.isPressed}
      title={props.title ?? props.label}
      onClick={() => props.onPress()}
    >
      <Icon name={props.icon} />
      <Show when={props.text}>
        <span>{props.text}</span>
      </Show>
    </button>
  )
}
