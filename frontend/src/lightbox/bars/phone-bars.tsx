import { Show } from 'solid-js'
import { BarButton } from './bar-button.tsx'
import { listPhoneMore } from './bar-entries.ts'
import { BarMenu } from './bar-menu.tsx'
import type { BarProps } from './bar-props.ts'
import { RestoreButton } from './lightbox-bar.tsx'
import { download } from './media-files.ts'
import { divideVerbs, referenceAction } from './verb-entries.ts'

/** The bar above the output on a phone. */
export function PhoneTopBar(props: BarProps) {
  return (
    <div class="lightbox-bar">
      <BarButton label="Close" icon="close" onPress={props.actions.close} />
      <p class="counter">{props.count}</p>
      <BarButton label="Details" icon="details" isPressed={props.isDetailsOpen} onPress={props.actions.toggleDetails} />
    </div>
  )
}

/** The actions below the output on a phone: four, and a menu with the others. */
export function PhoneActions(props: BarProps) {
  const verb = () => divideVerbs(props.verbs).frequent[0]
  return (
    <div class="phone-actions">
      <Show when={!props.isTrashed} fallback={<RestoreButton {...props} />}>
        <BarButton
          label="Favourite"
          text="Favourite"
          icon="favourite"
          isPressed={props.media.output.favourite}
          onPress={props.actions.toggleFavourite}
        />
      </Show>
      <Show when={props.media.output.kind === 'image'}>
        <Show when={!props.isTrashed}>
          <BarButton label="Use as reference" text="Reference" icon="reference" onPress={referenceAction(props)} />
        </Show>
        <Show when={verb()} fallback={<CompareButton {...props} />}>
          {shown => (
            <BarButton
              label={shown().label}
              text={firstWord(shown().label)}
              icon={shown().icon ?? 'mask'}
              onPress={shown().run}
            />
          )}
        </Show>
      </Show>
      <BarButton label="Download" text="Download" icon="download" onPress={() => download(props.media, 'as-is')} />
      <BarMenu label="More" text="More" icon="more" items={listPhoneMore(props)} />
    </div>
  )
}

/** The fourth action where no connected model can change a part. */
function CompareButton(props: BarProps) {
  return (
    <Show when={props.canCompare}>
      <BarButton
        label="Compare"
        text="Compare"
        icon="compare"
        isPressed={props.isComparing}
        onPress={props.actions.toggleCompare}
      />
    </Show>
  )
}

function firstWord(label: string): string {
  return label.split(' ', 1)[0] ?? label
}
